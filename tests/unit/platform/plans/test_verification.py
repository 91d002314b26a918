"""The gates that deployment, rollback and restore share."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.findings import Verdict
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans import verification
from runbook_lib.platform.plans.rollout import Rollout

LIVE = Deployed("blue", "a" * 40, f"BLUE_COMMIT={'a' * 40}\n", None, None, frozenset(), ())
ROLLOUT = Rollout(load_environment("staging"), LIVE, Target("b" * 40, "v3.2.0", {}, "0003"))


def containers(health: str) -> tuple[Container, ...]:
    return tuple(Container(name, name, "i", "d", "running", health, 0, False, 0, None) for name in ("backend-blue", "frontend-blue"))


def test_after_an_undo_the_previous_release_must_answer_where_there_was_one() -> None:
    assert verification.previous_release_answers(ROLLOUT) is not None
    nothing = replace(ROLLOUT, deployed=replace(LIVE, live_colour=None))
    assert verification.previous_release_answers(nothing) is None


def test_a_release_that_was_not_healthy_before_need_not_be_so_after_an_undo() -> None:
    healthy, sick = (replace(ROLLOUT, containers=containers(health)) for health in ("healthy", "unhealthy"))
    assert verification.previous_release_answers_if_healthy(healthy) is not None
    assert verification.previous_release_answers_if_healthy(sick) is None


def test_another_deployment_in_between_is_noticed() -> None:
    judge = verification.deployed_state_unchanged(ROLLOUT).judge
    assert judge(LIVE)[0].verdict is Verdict.PASSED
    assert judge(replace(LIVE, head="d" * 40))[0].verdict is Verdict.FAILED


def test_an_engine_that_answers_is_enough_however_little_runs() -> None:
    assert verification.engine_answers(ROLLOUT.environment).judge(())[0].verdict is Verdict.PASSED
