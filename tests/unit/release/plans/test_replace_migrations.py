"""Migrations of a release that replaces containers: who runs them, before what, and what of them stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.findings import Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, Step, StepState
from runbook_lib.environment import Environment
from runbook_lib.execution.backend import ActionResult
from runbook_lib.execution.failures import failure_at, rolled_back
from runbook_lib.execution.undo import UndoneStep
from runbook_lib.platform.facts.outage import Outage
from runbook_lib.platform.plans.migration import stop_migration
from runbook_lib.platform.plans.rollout import BreakingMigration
from runbook_lib.release.checks.compatibility import REPLACED_CHOICES
from runbook_lib.release.facts.file_migrations import FileMigrations
from runbook_lib.release.facts.replaced_compatibility import ReplacedCompatibility
from runbook_lib.release.plans.deploy import plan_deploy
from runbook_lib.release.plans.replace_migrations import COPY_TITLE
from tests.unit.environment.test_migrations import DJANGO, STEP
from tests.unit.platform.facts.test_replaced_release import running
from tests.unit.release.plans.test_replace_gates import GOOD, NO_SMOKE, READS
from tests.unit.release.plans.test_replace_jobs import with_jobs
from tests.unit.release.plans.test_replace_release import BACKUP, TREE, keys
from tests.unit.release.plans.test_replacement import TARGET, deployed
from tests.unit.shop_environment import shop

AT_START, BY_STEP = shop(migrations=DJANGO), shop(migrations=STEP)
RELEASE = ("shop.0001", "shop.0002")
NONE: frozenset[str] = frozenset()
RUNNING = running("web:latest")


def plan(environment: Environment, applied: frozenset[str] | None = frozenset({"shop.0001"}),
         accept: BreakingMigration = "refuse", containers: Any = RUNNING) -> Plan:
    files = FileMigrations(RELEASE, applied, "no answer", at_start=environment is AT_START)
    return plan_deploy(environment, deployed(containers=containers), containers, TARGET, secrets={}, backup=BACKUP,
                       operator="ann", tree=replace(TREE, file_migrations=files), breaking_migration=accept)


def step(of: Plan, key: str = "migrate") -> Step:
    return next(one for one in of.steps if one.key == key)


def gate(of: Step, name: str) -> Gate:
    return next(one for one in of.actions if isinstance(one, Gate) and one.name == name)


def test_a_step_migrates_by_the_new_image_after_the_backup_and_before_anything_is_replaced() -> None:
    made = plan(BY_STEP)
    assert keys(made) == ["record-pre-image", "record-running", "backup-dump", "fetch", "build-web", "check-out",
                          "configure", "compatibility-check", "migrate", "switch", "gate-external", "watch", "commit-release"]
    command = next(one for one in step(made).actions if isinstance(one, Command))
    words = " ".join(command.argv)
    assert "run --rm --no-deps -T --name shop-migration --label" in words
    assert words.endswith("web python3 manage.py migrate --noinput")
    assert "shop-migration -c lock_timeout=5s -c statement_timeout=600s " in words and "--env PGOPTIONS web" in words
    assert "--label traefik.enable=false" in words
    # the override names the new image by then, and Compose reads it
    assert "/opt/shop/.runbook/release.override.yml" in words


def test_its_undo_ends_it_and_says_that_nothing_is_reversed() -> None:
    made = plan(BY_STEP)
    assert step(made).undo == (stop_migration(BY_STEP),)
    why = step(made).why
    assert "1 migration: shop.0002" in why and "waited 5 s for a lock is canceled" in why
    assert "Nothing reverses them" in why
    assert step(made).keeps == "the migrations of the release" and "had finished" in step(made).may_keep
    assert "at its start" in step(plan(AT_START), "switch").may_keep and not step(made, "switch").may_keep
    assert "the schema is not undone" in step(made).undone_note
    assert [one.key for one in made.steps if "schema" in one.undone_note] == ["migrate"]
    assert [one for one in plan(BY_STEP, frozenset(RELEASE)).steps if one.undone_note] == []
    assert "A schema that the release brought up to date" in step(plan(AT_START), "switch").undone_note


def test_a_failure_before_the_migration_does_not_say_that_something_migrated_stays() -> None:
    """Found by a newcomer: "Nothing was migrated. … what has been migrated stays" of one run."""
    made = plan(BY_STEP)
    keys = [one.key for one in made.steps]
    for key, named in (("compatibility-check", False), ("migrate", True), ("switch", True)):
        failed = failure_at(made, keys.index(key), ActionResult(StepState.FAILED, message="no", hint=REPLACED_CHOICES))
        undone = UndoneStep(0, keys[0], made.steps[0].title, StepState.ROLLED_BACK, datetime.now(UTC))
        assert ("what has been migrated stays" in rolled_back(made, failed, (undone,)).next_step) is named, key


@pytest.mark.parametrize(("environment", "applied", "reason"), [
    (BY_STEP, frozenset(RELEASE), "no migration of the release is pending"),
    (AT_START, frozenset({"shop.0001"}), "the application does so when it starts, within the outage; pending: shop.0002"),
    (AT_START, frozenset(RELEASE), "the application does so when it starts, within the outage; none is pending"),
    (AT_START, None, "the application does so when it starts, within the outage; what is pending is not known"),
    # a service that migrates ends before the application starts
    (with_jobs().rollout.environment, frozenset({"shop.0001"}),
     "what runs once before (setup, bucket) does so, or the application when it starts; pending: shop.0002"),
])
def test_where_no_step_migrates_the_plan_says_why_and_what_is_pending(
        environment: Environment, applied: frozenset[str] | None, reason: str) -> None:
    made = plan(environment, applied)
    assert "migrate" not in keys(made)
    assert [one.reason for one in made.skipped if one.title == "Migrate the database"] == [reason]


def test_what_is_pending_and_not_known_is_migrated_all_the_same() -> None:
    assert "which ones are pending is not known" in step(plan(BY_STEP, None)).why


def test_what_the_database_has_is_asked_after_the_tool_has_ended_well() -> None:
    shut = gate(step(plan(BY_STEP)), "the schema of the release")
    verdicts = [shut.judge(applied)[0].verdict for applied in (frozenset({"shop.0001"}), frozenset(RELEASE))]
    assert verdicts == [Verdict.FAILED, Verdict.PASSED]


def test_a_release_that_should_migrate_when_it_starts_is_asked_for_it_once_it_is_live() -> None:
    assert gate(step(plan(AT_START), "gate-external"), "the schema of the release").judge(NONE)[0].verdict is Verdict.FAILED
    assert not [one for one in step(plan(BY_STEP), "gate-external").actions
                if isinstance(one, Gate) and one.name == "the schema of the release"]


def test_whether_the_previous_release_works_on_the_new_schema_is_shown_and_ends_nothing() -> None:
    asked = gate(step(plan(BY_STEP)), "the previous release on the new schema")
    bad = (replace(GOOD[0], status=500), *GOOD[1:])
    found = asked.judge(running("web:latest"), bad, NO_SMOKE, READS)
    assert Verdict.WARNING in {one.verdict for one in found} and Verdict.FAILED not in {one.verdict for one in found}


def test_before_the_first_deployment_there_is_no_previous_release_to_ask() -> None:
    made = plan(BY_STEP, NONE, containers=())
    assert "migrate" in keys(made)
    assert not [one for one in step(made).actions if isinstance(one, Gate) and "previous" in one.name]


def test_after_an_undo_the_migrations_that_stay_are_named() -> None:
    check = plan(BY_STEP).rollback_check
    assert check is not None
    *_, left = check.judge(running("web:latest"), GOOD, NO_SMOKE, READS, Outage(20, 0, 0.0), frozenset(RELEASE))
    assert (left.verdict, left.measured) == (Verdict.WARNING, "applied, and stays: shop.0002")


def test_accepted_migrations_are_the_point_of_no_return() -> None:
    made = plan(BY_STEP, accept="accept")
    assert made.point_of_no_return == "migrate"
    assert 'database = "restore"' in made.irreversible_hint and "downgrade" not in made.irreversible_hint
    assert plan(BY_STEP).point_of_no_return == "commit-release"
    assert plan(BY_STEP, frozenset(RELEASE), "accept").point_of_no_return == "commit-release"


def test_alembic_has_its_own_command_and_its_own_revision() -> None:
    environment = shop(migrations={"tool": "alembic"})
    text = "revision = '0001'\ndown_revision = None\n"
    tree = replace(TREE, sources=type(TREE.sources)({"a/versions/1.py": text}, TREE.sources.compose))
    target = replace(TARGET, schema_head="0001", revisions=frozenset({"0001"}))
    made = plan_deploy(environment, deployed(containers=running("web:latest")), running("web:latest"), target, secrets={},
                       backup=BACKUP, operator="ann", tree=tree)
    command = next(one for one in step(made).actions if isinstance(one, Command))
    assert command.argv[-6:] == ("web", "alembic", "-x", "lock_timeout=5s", "upgrade", "head")
    shut = gate(step(made), "the schema of the release")
    assert [shut.judge(revision)[0].verdict for revision in ("0000", "0001")] == [Verdict.FAILED, Verdict.PASSED]


def test_the_live_code_is_tried_on_a_copy_before_the_live_database_is_migrated() -> None:
    """Found by trying: a renamed column was found out by users, from the migration until the release was there."""
    check = step(plan(BY_STEP), "compatibility-check")
    shut = gate(check, "the live code on a copy of the new schema")
    works = ReplacedCompatibility("passed", "", {"/": 200}, {"/": 200}, {"/": 200})
    assert shut.judge(works)[0].verdict is Verdict.PASSED
    assert shut.judge(replace(works, after={"/": 500}))[0].verdict is Verdict.FAILED
    # a copy that shows nothing keeps no release back
    assert shut.judge(ReplacedCompatibility("not-started", "no cache"))[0].verdict is Verdict.WARNING
    assert not check.undone_by


@pytest.mark.parametrize(("made", "reason"), [
    (plan(BY_STEP, accept="accept"), 'breaking_migration = "accept": no automatic rollback once they have run'),
    (plan(BY_STEP, NONE, containers=()), "no release is live yet"),
])
def test_where_it_is_not_tried_the_plan_says_why(made: Plan, reason: str) -> None:
    assert "compatibility-check" not in keys(made) and "migrate" in keys(made)
    assert [one.reason for one in made.skipped if one.title == COPY_TITLE] == [reason]


def test_without_a_migration_nothing_is_tried() -> None:
    assert "compatibility-check" not in keys(plan(BY_STEP, frozenset(RELEASE)))
    assert "compatibility-check" not in keys(plan(AT_START))
