from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.findings import Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, Step
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.idle_colour import IdleColour
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.recovery.facts.backups import Backup, Backups
from runbook_lib.recovery.facts.manifests import Manifest, TableContents
from runbook_lib.recovery.facts.restore_databases import Databases, RestoreDatabase
from runbook_lib.recovery.plans.backup import plan_backup
from runbook_lib.recovery.plans.restore import plan_restore

ENVIRONMENT = load_environment("staging")
COMMIT = "c" * 40
TAKEN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
NAME = "staging_db_20261122_020000.sql.gz"
MANIFEST = Manifest(NAME, "staging_db", "0" * 64, 9, 9, 9, TAKEN, TAKEN, 1.0, "15.20", "15.20", "0002",
                    (TableContents("public.squads", 5, "1:2"),))
BACKUP = Backup(NAME, TAKEN, 9, MANIFEST, "0" * 64)
FOLDER = Backups("/backups/postgres", "staging_db", TAKEN, TAKEN, True, 10**9, 10**10, (BACKUP,))
LIVE = RestoreDatabase("staging_db", "staging_user", 10**7, "", True)
ONLY_LIVE = Databases("staging_db", LIVE)
DEPLOYED = Deployed("blue", COMMIT, f"BLUE_COMMIT={COMMIT}\nCOMPOSE_PROFILES=blue\n", upstreams_file(ENVIRONMENT, "blue"), "0" * 64,
                    frozenset(), ())
PRE_RESTORE_BACKUP = plan_backup(FOLDER, ENVIRONMENT)


def target(schema_now: str = "0002", *revisions: str) -> Target:
    known = revisions or ("0001", "0002")
    return Target(COMMIT, "v3.1.0", {}, known[-1], frozenset(known), schema_now)


def plan(databases: Databases = ONLY_LIVE, *, before: Plan | None = PRE_RESTORE_BACKUP, wanted: Target | None = None) -> Plan:
    return plan_restore(ENVIRONMENT, DEPLOYED, (), wanted or target(), BACKUP, databases, pre_restore_backup=before)


def keys(steps: tuple[Step, ...]) -> list[str]:
    return [step.key for step in steps]


def interrupted_swap() -> Databases:
    retained = RestoreDatabase("staging_db_before_20261122_030000", "staging_user", 9, f"swap in progress, restored from {NAME}", False)
    return replace(ONLY_LIVE, retained=(retained,))


def test_the_backup_is_loaded_and_compared_while_users_work() -> None:
    order = keys(plan().steps)
    assert order.index("restore-compare") < order.index("maintenance-on") < order.index("stop-writers")
    assert order.index("stop-writers") < order.index("restore-swap") < order.index("maintenance-off")


def test_the_live_database_is_backed_up_first() -> None:
    order = keys(plan().steps)
    assert order[:5] == ["cache-answers", "restore-clear", "backup-dump", "backup-check", "backup-publish"]


def test_a_broken_database_may_go_without_a_last_backup_and_the_plan_says_so() -> None:
    without = plan(before=None)
    assert keys(without.steps)[:2] == ["cache-answers", "restore-clear"]
    assert next(one.title for one in without.skipped) == "Back up the live database first"


def test_no_step_before_the_swap_has_the_live_database_as_its_goal() -> None:
    loading = next(step for step in plan().steps if step.key == "restore-load")
    command = loading.actions[0]
    assert isinstance(command, Command)
    assert command.argv[3:6] == ("load", "staging_db", "staging_db_restore_20261122_020000")
    assert command.argv[-1] == MANIFEST.sha256


def test_an_older_backup_is_migrated_after_the_swap_and_before_users_return() -> None:
    order = keys(plan(wanted=target("0001")).steps)
    assert order.index("restore-swap") < order.index("migrate") < order.index("start-writers") < order.index("maintenance-off")
    assert "migrate" not in keys(plan().steps)


def test_the_migration_runs_in_the_live_colour() -> None:
    migrate = next(step for step in plan(wanted=target("0001")).steps if step.key == "migrate")
    assert "backend-blue" in str(migrate.actions[0])


def test_every_change_during_maintenance_can_be_undone() -> None:
    steps = plan(wanted=target("0001")).steps
    since = keys(steps).index("maintenance-on")
    without = [step.key for step in steps[since:] if not step.undo and not isinstance(step.actions[0], Gate)]
    assert without == ["restore-commit"]  # a migration that runs is stopped, and undone by swapping the names back


def test_an_undo_starts_the_writers_before_maintenance_ends() -> None:
    steps = plan().steps
    back = [step.key for step in reversed(steps) if step.undo]
    assert back.index("restore-swap") < back.index("stop-writers") < back.index("maintenance-on")


def test_an_interrupted_swap_is_finished_without_loading_again() -> None:
    resumed = plan(interrupted_swap())
    assert keys(resumed.steps)[:3] == ["maintenance-on", "stop-writers", "restore-swap"]
    assert {one.reason for one in resumed.skipped if "interrupted" in one.reason}


def test_the_same_facts_give_the_same_plan_whatever_the_sizes_of_databases() -> None:
    heavier = replace(ONLY_LIVE, live=replace(LIVE, size_bytes=2 * 10**7))
    assert plan().hash == plan(heavier).hash
    assert plan().hash != plan(interrupted_swap()).hash


def test_maintenance_ends_with_the_colour_that_had_the_traffic() -> None:
    opened = next(step for step in plan().steps if step.key == "maintenance-off").actions[0]
    assert isinstance(opened, WriteFile)
    assert opened.content == upstreams_file(ENVIRONMENT, "blue")


def test_only_a_retained_database_can_be_deleted() -> None:
    def drop(name: str) -> Plan:
        return plan_restore(ENVIRONMENT, DEPLOYED, (), target(), BACKUP, interrupted_swap(), pre_restore_backup=PRE_RESTORE_BACKUP, drop=name)

    assert drop("staging_db").steps == ()
    assert "no retained database" in drop("staging_db").reason
    assert keys(drop("staging_db_before_20261122_030000").steps) == ["drop-retained"]
    assert drop("staging_db_before_20261122_030000").achieves == (
        f"The database staging_db_before_20261122_030000 on {ENVIRONMENT.name} is deleted")


def test_the_plan_names_what_the_database_holds_once_it_is_done() -> None:
    assert plan().achieves == (f"staging_db on {ENVIRONMENT.name} holds the data of {BACKUP.name}; what it held before "
                               "is retained next to it")


def test_what_the_live_release_held_before_it_must_hold_again_and_nothing_else_decides() -> None:
    """A release that 22 returned to shows none of the texts of today's environment file: no reason to swap back."""
    health, page = "/health", "/"
    before = (Endpoint(health, 200, {}, 0.1), Endpoint(page, 200, {}, 0.1, lacks=("another title",)))
    made = plan_restore(ENVIRONMENT, DEPLOYED, (), target(), BACKUP, ONLY_LIVE, pre_restore_backup=None, endpoints=before)
    gate = next(step for step in made.steps if step.key == "gate-internal").actions[1]
    assert isinstance(gate, Gate)
    found = gate.judge(IdleColour((replace(before[0], lacks=("status is null",)), before[1]), {"/": 200}))
    verdicts = {one.check: one.verdict for one in found if "holds" in one.check}
    assert verdicts == {"/health holds what it must": Verdict.FAILED, "/ holds what it must": Verdict.WARNING}
