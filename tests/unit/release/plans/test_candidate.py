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
from runbook_lib.release.plans.candidate import NOT_NAMED, TITLE
from tests.unit.environment.test_migrations import DJANGO, STEP
from tests.unit.platform.facts.test_replaced_release import running
from tests.unit.release.plans.test_replace_release import keys, plan
from tests.unit.release.plans.test_replacement import SHOP, deployed
from tests.unit.shop_environment import shop

RELEASE = SHOP.release.model_dump(mode="json", exclude_none=True)
RUNNING = running("web:latest")


def planned(migrations: dict[str, Any] = STEP, containers: Any = RUNNING, **release: Any) -> Plan:
    environment = shop(migrations=migrations, release={**RELEASE, "candidates": ["web"], **release})
    return plan(deployed(containers=containers), containers, environment)


def candidate(of: Plan) -> Step:
    return next(one for one in of.steps if one.key == "candidate-web")


def words(action: object) -> str:
    assert isinstance(action, Command)
    return " ".join(action.argv)


def test_it_is_tried_by_the_new_image_on_the_new_schema_right_before_the_live_one_is_replaced() -> None:
    order = keys(planned())
    assert order[order.index("configure"):order.index("switch") + 1] == ["configure", "candidate-web", "switch"]
    _, start, _, end = candidate(planned()).actions
    assert "start shop-candidate-web 120 env COMPOSE_FILE=" in words(start)
    assert "run --detach --no-deps -T --name shop-candidate-web" in words(start) and words(start).endswith(" web")
    assert "--label traefik.enable=false" in words(start)
    assert "--service-ports" not in words(start) and "--use-aliases" not in words(start)
    assert words(end).endswith("-- end shop-candidate-web")
    assert candidate(planned()).undo == (end,)


def test_the_live_release_is_kept_where_its_endpoints_are_not_as_they_must_be() -> None:
    gate = next(one for one in candidate(planned()).actions if isinstance(one, Gate) and one.name == "the candidate of web")
    good = (Endpoint("/status/", 200, {"state": "open"}, 0.01), Endpoint("/", 200, {}, 0.01))
    assert {one.verdict for one in gate.judge(good)} == {Verdict.PASSED}
    assert Verdict.FAILED in {one.verdict for one in gate.judge((replace(good[0], lacks=("it is closed",)), good[1]))}
    assert Verdict.FAILED in {one.verdict for one in gate.judge((replace(good[0], status=None, error="refused"), good[1]))}
    assert gate.failure_threshold == SHOP.rollback.failure_threshold


def test_a_start_that_migrates_is_announced() -> None:
    assert "Its start brings the schema up to date" in candidate(planned(DJANGO)).why
    assert "Its start brings" not in candidate(planned()).why


@pytest.mark.parametrize(("release", "containers", "reason"), [
    ({"candidates": []}, RUNNING, NOT_NAMED),
    ({"candidates": [], "no_candidate_reason": "one alone may write its files"}, RUNNING, "one alone may write its files"),
    ({}, (), "no release is live yet"),
])
def test_without_one_the_plan_says_why(release: dict[str, Any], containers: Any, reason: str) -> None:
    made = planned(containers=containers, **release)
    assert "candidate-web" not in keys(made)
    assert [one.reason for one in made.skipped if one.title == TITLE] == [reason]
