"""A release is tried next to the live one where the environment file says that it may run twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.findings import Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, Step
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.release.facts.candidate import CandidateState
from runbook_lib.release.facts.file_migrations import FileMigrations
from runbook_lib.release.plans.candidate import BY_A_STEP, NOT_NAMED, TITLE
from tests.unit.environment.test_migrations import DJANGO, STEP
from tests.unit.platform.facts.test_replaced_release import running
from tests.unit.release.plans.test_replace_release import TREE, keys, plan
from tests.unit.release.plans.test_replacement import SHOP, deployed
from tests.unit.shop_environment import shop

RELEASE = SHOP.release.model_dump(mode="json", exclude_none=True)
RUNNING = running("web:latest")


def planned(migrations: dict[str, Any] = STEP, containers: Any = RUNNING, tree: Any = TREE, **release: Any) -> Plan:
    environment = shop(migrations=migrations, release={**RELEASE, "candidates": ["web"], **release})
    return plan(deployed(containers=containers), containers, environment, tree=tree)


def gate_of(of: Plan) -> Gate:
    return next(one for one in candidate(of).actions if isinstance(one, Gate) and one.name == "the candidate of web")


def candidate(of: Plan) -> Step:
    return next(one for one in of.steps if one.key == "candidate-web")


def words(action: object) -> str:
    assert isinstance(action, Command)
    return " ".join(action.argv)


def test_it_is_tried_by_the_new_image_on_the_new_schema_right_before_the_live_one_is_replaced() -> None:
    order = keys(planned())
    assert order[order.index("configure"):order.index("switch") + 1] == ["configure", "candidate-web", "switch"]
    _, start, _, end = candidate(planned()).actions
    # its guard waits for the longest start, the longest gate, and the last answers
    assert "start shop db shop shop 5 shop-candidate-web 120 510 env COMPOSE_FILE=" in words(start)
    assert "run --detach --no-deps -T --name shop-candidate-web" in words(start) and words(start).endswith(" web")
    assert "--label traefik.enable=false" in words(start) and "--env VIRTUAL_HOST=" in words(start)
    assert "--service-ports" not in words(start) and "--use-aliases" not in words(start)
    assert words(end).endswith("-- end shop-candidate-web")
    assert candidate(planned()).undo == (end,)


UP = CandidateState("running", "healthy")
GOOD = (Endpoint("/status/", 200, {"state": "open"}, 0.01), Endpoint("/", 200, {}, 0.01))


def test_the_live_release_is_kept_where_its_endpoints_are_not_as_they_must_be() -> None:
    gate = gate_of(planned())
    assert {one.verdict for one in gate.judge(UP, GOOD)} == {Verdict.PASSED}
    for change in ({"lacks": ("it is closed",)}, {"status": None, "error": "refused"}):
        assert Verdict.FAILED in {one.verdict for one in gate.judge(UP, (replace(GOOD[0], **change), GOOD[1]))}
    assert gate.failure_threshold == SHOP.rollback.failure_threshold


@pytest.mark.parametrize(("state", "verdict", "measured"), [
    (UP, Verdict.PASSED, "running, healthy"),
    (CandidateState("running", "unchecked"), Verdict.PASSED, "running, without a health check"),
    (CandidateState("running", "unhealthy", 0, "no database"), Verdict.FAILED, "running, unhealthy: no database"),
    (CandidateState("exited", "unchecked", 1, "KeyError: 'REGION'"), Verdict.FAILED, "exited with exit code 1: KeyError: 'REGION'"),
    (CandidateState("absent"), Verdict.FAILED, "its container is gone"),
])
def test_a_candidate_that_ends_while_it_is_asked_keeps_the_live_release(state: CandidateState, verdict: Verdict,
                                                                        measured: str) -> None:
    """Found by reading: that it runs was a pass, even after its end. Of a worker it is the only check."""
    runs = gate_of(planned()).judge(state, GOOD)[0]
    assert (runs.check, runs.verdict, runs.measured) == ("the candidate of web runs", verdict, measured)


FILES = {name: FileMigrations(("shop.0001", "shop.0002"), applied, "no answer", at_start=True) for name, applied in (
    ("pending", frozenset({"shop.0001"})), ("none", frozenset({"shop.0001", "shop.0002"})), ("unknown", None))}


@pytest.mark.parametrize(("files", "what"), [("pending", "pending: shop.0002"), ("unknown", "what is pending is not known"),
                                             (None, "what is pending is not known")])
def test_a_start_that_would_migrate_the_live_database_is_not_tried(files: str | None, what: str) -> None:
    """Found by reading: the live release ran on the new schema, without the limit on waits for locks."""
    made = planned(DJANGO, tree=replace(TREE, file_migrations=FILES[files]) if files else None)
    assert "candidate-web" not in keys(made)
    assert [one.reason for one in made.skipped if one.title == TITLE] == [
        f"its start would migrate the live database while the live release runs ({what}). {BY_A_STEP}"]


def test_a_start_that_has_nothing_to_migrate_is_tried() -> None:
    assert "candidate-web" in keys(planned(DJANGO, tree=replace(TREE, file_migrations=FILES["none"])))
    assert candidate(planned()).may_keep == "", "a step has migrated before it"


def test_what_a_start_does_to_a_schema_that_no_tool_is_declared_for_is_announced() -> None:
    environment = shop(migrations=None, without={**SHOP.without, "migrations": "its own tool"},
                       release={**RELEASE, "candidates": ["web"]})
    step = candidate(plan(deployed(containers=RUNNING), RUNNING, environment))
    assert "What its start does to the database is done while the live release runs, and stays" in step.why
    assert step.may_keep == "what the start of the release has changed in the database"


@pytest.mark.parametrize(("release", "containers", "reason"), [
    ({"candidates": []}, RUNNING, NOT_NAMED),
    ({"candidates": [], "no_candidate_reason": "one alone may write its files"}, RUNNING, "one alone may write its files"),
    ({}, (), "no release is live yet"),
])
def test_without_one_the_plan_says_why(release: dict[str, Any], containers: Any, reason: str) -> None:
    made = planned(containers=containers, **release)
    assert "candidate-web" not in keys(made)
    assert [one.reason for one in made.skipped if one.title == TITLE] == [reason]
