from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from runbook_lib.core.findings import Verdict
from runbook_lib.platform.facts.releases import Release
from runbook_lib.recovery.facts.data_loss import DataLoss
from runbook_lib.release.checks.rollback import FITS, describe_data_impact, rollback_preconditions
from runbook_lib.release.facts.repository import Commit, ReleaseTree
from runbook_lib.release.facts.rollback_targets import RollbackTarget
from runbook_lib.release.facts.schema_rollback import DataChoice, WayBack
from tests.unit.release.plans.test_rollback import DEPLOYED, NEWER, OLD, SAME

AT = datetime(2026, 11, 22, tzinfo=UTC)
TREE = ReleaseTree(OLD, Commit(OLD, "commit", OLD, "v3.1.0", AT, "a release", None))
CHOICE = RollbackTarget(Release(OLD, "v3.1.0", "blue", "0002", "run-1", "ada", "", AT), False, True, True)


def verdict_of(check: str, back: WayBack, database: DataChoice = "keep", choice: RollbackTarget = CHOICE) -> Verdict:
    found = rollback_preconditions(DEPLOYED, choice, TREE, back, database=database)
    return next(one.verdict for one in found if one.check == check)


def test_code_that_fails_on_the_newer_schema_is_refused_and_the_other_answers_are_named() -> None:
    back = replace(NEWER, compatible=False, said="a user cannot create a squad")
    found = next(one for one in rollback_preconditions(DEPLOYED, CHOICE, TREE, back, database="keep") if one.check == FITS)
    assert found.verdict is Verdict.FAILED
    assert '"downgrade"' in found.next_step and '"restore"' in found.next_step


def test_code_that_could_not_be_tried_is_a_warning_and_never_a_pass() -> None:
    assert verdict_of(FITS, replace(NEWER, compatible=None)) is Verdict.WARNING


def test_code_that_works_on_the_schema_may_come_back() -> None:
    assert verdict_of(FITS, NEWER) is Verdict.PASSED
    assert verdict_of(FITS, SAME) is Verdict.PASSED


def test_a_downgrade_needs_an_image_that_has_the_migrations() -> None:
    check = "the migrations can be reversed"
    assert verdict_of(check, NEWER, "downgrade") is Verdict.PASSED
    assert verdict_of(check, replace(NEWER, keeper=None, reverses=()), "downgrade") is Verdict.FAILED


def test_an_image_that_is_gone_costs_time_and_stops_nothing() -> None:
    assert verdict_of("its images are on the server", SAME, choice=replace(CHOICE, image=False)) is Verdict.WARNING


def test_a_server_without_its_secrets_is_for_a_deployment() -> None:
    found = rollback_preconditions(replace(DEPLOYED, secrets_sha256=None), CHOICE, TREE, SAME, database="keep")
    assert "20 Deploy" in next(one.next_step for one in found if one.verdict is Verdict.FAILED)


def test_what_goes_is_said_before_anything_happens() -> None:
    assert describe_data_impact(SAME, "keep", None).startswith("No row is lost")
    assert "drop column squads.region" in describe_data_impact(NEWER, "downgrade", None)
    loss = DataLoss("a.sql.gz", 90, {"public.squads": 5}, {"public.squads": 9})
    assert "90 minutes" in describe_data_impact(NEWER, "restore", loss) and "4 rows" in describe_data_impact(NEWER, "restore", loss)
