"""Running a watch, and a gate that stayed shut as the trigger it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.core.errors import HostUnreachable, LinkDropped
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Gate, Reading, TriggerFired, Watch
from runbook_lib.core.questions import Question
from runbook_lib.execution import monitor
from runbook_lib.execution.gate import GateOutcome
from runbook_lib.execution.monitor import gate_as_trigger, run_watch
from tests.unit.execution_doubles import probe

pytestmark = pytest.mark.usefixtures("clock")
FIRED = TriggerFired("API error rate > 10%", "API error rate", 14, 10, "percent", "of 80 requests")
UP = Finding("/health answers", Verdict.FAILED, "503")
RATE = Finding("API error rate > 10%", Verdict.FAILED, "14 %")


def watch(*readings: Reading | Exception, duration_s: float = 0.03) -> Watch:
    """A watch whose probes come to these readings; the last one stays."""
    left = list(readings)

    def judge(before: Sequence[Reading], answers: Sequence[Any]) -> Reading:
        (answer,) = answers
        return Reading({}) if isinstance(answer, Exception) else answer

    def fetch(_: Any) -> Any:
        reading = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(reading, Exception):
            raise reading
        return reading

    return Watch("watch v2", (Question("reading", fetch),), judge, lambda all_of_them: (), duration_s, 0.01,
                 since="switch", max_unreachable_probes=2)


def ask(question: Question[Any]) -> Any:
    return question.fetch(None)  # type: ignore[arg-type]


def quiet(reading: Reading, seconds: float) -> None:
    """Observes nothing."""


def test_a_watch_without_a_fault_ends_when_its_time_is_over() -> None:
    outcome = run_watch(watch(Reading({"rate": 0.0})), ask, quiet)
    assert outcome.fired is None
    assert len(outcome.probes) == 4  # 0.03 s of the test's clock, one every 0.01 s


def test_a_watch_at_fault_goes_on_until_the_fault_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "LONGEST_OVERTIME_S", 5.0)
    at_fault = Reading({}, (UP,))
    outcome = run_watch(watch(*[at_fault] * 8, Reading({}), duration_s=0.02), ask, quiet)
    assert (len(outcome.probes), outcome.findings) == (9, ())


def test_a_fault_that_stays_ends_with_the_overtime_and_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "LONGEST_OVERTIME_S", 0.05)
    assert run_watch(watch(Reading({}, (UP,))), ask, quiet).findings == (UP,)


def test_a_warning_needs_no_overtime() -> None:
    warning = replace(UP, verdict=Verdict.WARNING)
    outcome = run_watch(watch(Reading({}, (warning,))), ask, quiet)
    assert len(outcome.probes) == 4  # 0.03 s of the test's clock, one every 0.01 s


def test_a_trigger_ends_the_watch_at_once_and_is_its_finding() -> None:
    outcome = run_watch(watch(Reading({}), Reading({}, (), FIRED), duration_s=60), ask, quiet)
    assert (len(outcome.probes), outcome.fired) == (2, FIRED)
    assert outcome.findings[0].verdict is Verdict.FAILED
    assert "of 80 requests" in outcome.findings[0].measured


@pytest.mark.parametrize("error", [LinkDropped("gone"), HostUnreachable("gone")])
def test_the_links_own_error_is_raised_after_probes_in_a_row_without_a_link(error: Exception) -> None:
    with pytest.raises(type(error)):
        run_watch(watch(Reading({}), error, duration_s=60), ask, quiet)


def test_a_link_that_comes_back_lets_the_watch_go_on() -> None:
    gone = LinkDropped("gone")
    assert len(run_watch(watch(gone, Reading({}), gone, Reading({})), ask, quiet).probes) >= 3


def trigger_of(*findings: Finding, failed_in_a_row: int = 3, failed: int = 3) -> TriggerFired:
    gate = Gate("seen by its users", (), lambda: (), trigger="Deployment health check failures", triggers=(RATE.check,),
                failure_threshold=3, deadline_s=60)
    last = probe(*findings, failed_in_a_row=failed_in_a_row, failed=failed)
    fired = gate_as_trigger(gate, GateOutcome(False, (last,))).fired
    assert fired is not None
    return fired


def test_a_gate_kept_shut_by_a_check_that_is_a_trigger_is_reported_as_that_trigger() -> None:
    assert trigger_of(UP, RATE).trigger == "API error rate > 10%"
    assert trigger_of(UP).trigger == "Deployment health check failures"


def test_a_shut_gate_counts_the_probes_that_shut_it() -> None:
    assert trigger_of(UP).measure == "3 failed probes in a row, limit 3"
    assert trigger_of(UP, failed_in_a_row=1, failed=6).measure == "6 failed probes, limit 6"


def test_a_gate_whose_time_ran_out_without_a_fault_says_so() -> None:
    assert trigger_of().because == "not clean in 60 s"
