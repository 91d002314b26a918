"""Keeping a watch: looks at a steady pace until a trigger fires or the time is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from runbook_lib.core.errors import HostUnreachable, LinkDropped
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Gate, Reading, TriggerFired, Watch
from runbook_lib.core.questions import Question
from runbook_lib.execution.gate import ask_concurrently

Look = tuple[datetime, Reading]
LONGEST_OVERTIME_S = 60.0  # a watch does not end on a fault: it goes on until that is over, or has fired


@dataclass(frozen=True)
class WatchOutcome:
    """All looks of a watch, or of a gate that holds a trigger, with their UTC times, and what they prove together."""

    name: str
    looks: tuple[Look, ...]
    findings: tuple[Finding, ...]
    since: str = ""
    primary_metric: str = ""
    limit: float = 0.0
    unit: str = ""
    history: Question[Any] | None = None

    @property
    def fired(self) -> TriggerFired | None:
        """The trigger that ended the watch."""
        return self.looks[-1][1].fired if self.looks else None


def run_watch(watch: Watch, fetch: Callable[[Question[Any]], Any],
               seen: Callable[[Reading, float], None]) -> WatchOutcome:
    """Look until a trigger fires or the time is over; `seen` is told each reading and the seconds so far.

    Raises the link's own error after `watch.patience` looks in a row without a link.
    """
    began = time.monotonic()
    looks: list[Look] = []
    without_link = 0
    while True:
        look_began = time.monotonic()
        answers = ask_concurrently(watch.questions, fetch)
        reading = watch.judge([before for _, before in looks], answers)
        looks.append((datetime.now(UTC), reading))
        now = time.monotonic()
        seen(reading, now - began)
        gone = [answer for answer in answers if isinstance(answer, LinkDropped | HostUnreachable)]
        without_link = without_link + 1 if gone else 0
        if without_link >= watch.max_unreachable_probes:
            raise gone[0]
        if reading.fired is not None or _over(watch, reading, now - began):
            break
        time.sleep(max(0.0, watch.interval_s - (time.monotonic() - look_began)))
    findings = _of_fired(reading.fired) if reading.fired else watch.conclude([one for _, one in looks])
    return WatchOutcome(watch.name, tuple(looks), (*findings, *reading.faults), watch.since, watch.primary_metric,
                        watch.limit, watch.unit, watch.history)


def _over(watch: Watch, reading: Reading, seconds: float) -> bool:
    at_fault = not all(one.verdict.acceptable for one in reading.faults)
    return seconds >= watch.duration_s + (LONGEST_OVERTIME_S if at_fault else 0.0)


def _of_fired(fired: TriggerFired) -> tuple[Finding, ...]:
    because = f" ({fired.because})" if fired.because else ""
    return (Finding(fired.trigger, Verdict.FAILED, f"{fired.measure}{because}", "no trigger"),)


FAILING_LOOKS, FAILED_LOOKS = "failing looks in a row", "failing looks"


def gate_reading(gate: Gate, before: list[Reading], findings: tuple[Finding, ...]) -> Reading:
    """A look of a gate as a reading: how many looks in a row have failed by now."""
    failing = int(before[-1].metrics[FAILING_LOOKS] or 0) if before else 0
    if any(one.verdict is Verdict.FAILED for one in findings):
        failing += 1
    elif all(one.verdict.acceptable for one in findings):
        failing = 0
    failed = int(before[-1].metrics[FAILED_LOOKS] or 0) if before else 0
    failed += any(one.verdict is Verdict.FAILED for one in findings)
    faults = tuple(one for one in findings if not one.verdict.acceptable)
    return Reading({FAILING_LOOKS: float(failing), FAILED_LOOKS: float(failed)}, faults)


def gate_as_trigger(gate: Gate, looks: list[Look]) -> WatchOutcome:
    """A gate that stayed shut, told as the trigger that it stands for."""
    at, last = looks[-1]
    fault = last.faults[0] if last.faults else None
    because = f"{fault.check}: {fault.measured or fault.verdict}" if fault else f"not clean in {gate.deadline_s:g} s"
    # a check that is called like a trigger of the plan is that trigger, whatever else the look found
    trigger = next((one.check for one in last.faults if one.check in gate.triggers), gate.trigger)
    limit = gate.failure_threshold or 0
    in_a_row = (last.metrics[FAILING_LOOKS] or 0) >= limit
    metric, limit = (FAILING_LOOKS, limit) if in_a_row else (FAILED_LOOKS, 2 * limit)
    fired = TriggerFired(trigger, metric, float(last.metrics[metric] or 0), limit, "looks", because)
    told = (*looks[:-1], (at, replace(last, fired=fired)))
    return WatchOutcome(gate.name, told, last.faults, gate.since)
