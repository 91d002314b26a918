"""The plan of a load test: one step, bounded, ended by an abort; none against another environment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runbook_lib.capacity.facts.load_test import load_test
from runbook_lib.capacity.plans.load_test import plan_load_test
from runbook_lib.connections.load import visit
from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import RunFailed
from runbook_lib.core.findings import Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.execution.gate import open_gate
from tests.unit.capacity.doubles import planned, raw_result
from tests.unit.data_values import environment_with


def gates(test: object = None) -> tuple[Gate, Gate]:
    run = test or planned()
    (step,) = plan_load_test(run, run.environment).steps  # type: ignore[arg-type, attr-defined]
    (action,), (undo,) = step.actions, step.undo
    assert isinstance(action, Gate)
    assert isinstance(undo, Gate)
    return replace(action, interval_s=0.0), undo


def test_making_a_plan_asks_nothing_and_sends_nothing() -> None:
    test = planned()
    plan = plan_load_test(test, test.environment)
    assert [step.key for step in plan.steps] == ["load"]
    assert "2 → 5 → 8 users/s" in plan.steps[0].title
    assert plan.achieves.startswith("The load was sent to https://")
    assert not test._started


def test_no_target_no_step() -> None:
    other = environment_with({"load_test.target": "other"})
    plan = plan_load_test(load_test(other), other)
    assert (plan.steps, plan.reason) == ((), "this environment does not name itself as the target of a load test")


def test_another_load_is_another_plan() -> None:
    plans = [plan_load_test(test, test.environment).hash for test in (planned(), planned(load=2.0, limit=6.0), planned("closed"), planned())]
    assert plans[0] == plans[3]
    assert len(set(plans)) == 3


def test_alerts_that_the_environment_expects_are_silenced_and_no_others() -> None:
    test = planned()
    (step,) = plan_load_test(test, test.environment).steps
    assert [one.name for one in step.expected_alerts] == ["ApiResponseTimeHigh", "ErrorRateHigh", "CpuUsageHigh"]
    silent = environment_with({"load_test.expected_alerts": []})
    assert plan_load_test(load_test(silent), silent).steps[0].expected_alerts == ()


def test_the_step_lasts_until_the_load_has_ended() -> None:
    connections = ScriptedConnections(load=[None, None, raw_result()], commands={"container use": ""})
    outcome = open_gate(gates()[0], lambda question: question.fetch(connections))
    assert outcome.opened
    assert len(outcome.probes) == 3
    assert outcome.probes[0].findings[0].measured.startswith("1 s, stage 1")


def test_a_load_that_used_up_its_budget_ended_as_it_should() -> None:
    """The step passes, so that the notebook goes on to show and judge what was found."""
    connections = ScriptedConnections(load=[raw_result(ended="error budget")], commands={"container use": ""})
    assert open_gate(gates()[0], lambda question: question.fetch(connections)).opened


def test_a_generator_that_died_fails_the_step_at_once() -> None:
    connections = ScriptedConnections(load=[RunFailed("it died", where="", next_step="")], commands={"container use": ""})
    outcome = open_gate(gates()[0], lambda question: question.fetch(connections))
    assert (outcome.opened, len(outcome.probes), "it died" in outcome.message) == (False, 1, True)


def test_the_undo_ends_the_load_and_accounts_that_are_left_do_not_fail_it() -> None:
    test = planned()
    connections = ScriptedConnections(load=[raw_result(ended="stopped") | {"left": ["synthetic-load-1"], "left_count": 1}])
    outcome = open_gate(gates(test)[1], lambda question: question.fetch(connections))
    assert outcome.opened
    assert connections.load.ended == 1
    assert outcome.findings[1].measured == "1 accounts are left"


@pytest.mark.parametrize(("ended", "measured", "verdict"), [
    ({"left_count": None}, "it is not known whether accounts are left", Verdict.WARNING),
    ({"left_count": 3, "left": []}, "3 accounts are left", Verdict.WARNING),
    ({"left_count": 0, "left": []}, "0 accounts are left", Verdict.PASSED), (None, "0 accounts are left", Verdict.PASSED),
], ids=["not known", "some", "none", "nothing sent"])
def test_a_generator_without_a_result_is_not_one_that_left_nothing(ended: object, measured: str, verdict: Verdict) -> None:
    connections = ScriptedConnections(load=[ended])
    outcome = open_gate(gates()[1], lambda question: question.fetch(connections))
    assert outcome.findings[1].measured.startswith(measured)
    assert outcome.findings[1].verdict is verdict
    assert visit.PREFIX in outcome.findings[1].next_step or verdict is Verdict.PASSED
