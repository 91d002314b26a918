"""Running a watch: probes at a steady pace until a trigger fires or the time is over."""

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
from runbook_lib.execution.gate import Fetch, GateOutcome, GateProbe, ask_concurrently

TimedReading = tuple[datetime, Reading]  # UTC time of the probe, and what it came to
LONGEST_OVERTIME_S = 60.0  # a watch does not end on a fault: it goes on until that is over, or has fired
FAILED_IN_A_ROW, FAILED_IN_ALL = "failed probes in a row", "failed probes"


@dataclass(frozen=True)
class WatchOutcome:
    """All probes of a watch, or of a gate that holds a trigger, and what they prove together."""

    name: str
    probes: tuple[TimedReading, ...]
    findings: tuple[Finding, ...]
    since: str = ""
    primary_metric: str = ""
    limit: float = 0.0
    unit: str = ""
    history: Question[Any] | None = None

    @property
    def fired(self) -> TriggerFired | None:
        """The trigger that ended the watch."""
        return self.probes[-1][1].fired if self.probes else None


def run_watch(watch: Watch, fetch: Fetch, observe: Callable[[Reading, float], None]) -> WatchOutcome:
    """Probe until a trigger fires or the time is over; `observe` gets each reading and the seconds so far.

    Raises the link's own error after `watch.max_unreachable_probes` probes in a row without a link.
    """
    started = time.monotonic()
    probes: list[TimedReading] = []
    without_link = 0
    while True:
        probe_started = time.monotonic()
        answers = ask_concurrently(watch.questions, fetch)
        reading = watch.judge([earlier for _, earlier in probes], answers)
        probes.append((datetime.now(UTC), reading))
        seconds = time.monotonic() - started
        observe(reading, seconds)
        lost = [answer for answer in answers if isinstance(answer, LinkDropped | HostUnreachable)]
        without_link = without_link + 1 if lost else 0
        if without_link >= watch.max_unreachable_probes:
            raise lost[0]
        if reading.fired is not None or _is_over(watch, reading, seconds):
            return _outcome(watch, probes)
        time.sleep(max(0.0, watch.interval_s - (time.monotonic() - probe_started)))


def _is_over(watch: Watch, reading: Reading, seconds: float) -> bool:
    at_fault = not all(one.verdict.acceptable for one in reading.faults)
    return seconds >= watch.duration_s + (LONGEST_OVERTIME_S if at_fault else 0.0)


def _outcome(watch: Watch, probes: list[TimedReading]) -> WatchOutcome:
    last = probes[-1][1]
    findings = _findings_of(last.fired) if last.fired else watch.conclude([reading for _, reading in probes])
    return WatchOutcome(watch.name, tuple(probes), (*findings, *last.faults), watch.since, watch.primary_metric,
                        watch.limit, watch.unit, watch.history)


def _findings_of(fired: TriggerFired) -> tuple[Finding, ...]:
    because = f" ({fired.because})" if fired.because else ""
    return (Finding(fired.trigger, Verdict.FAILED, f"{fired.measure}{because}", "no trigger"),)


def gate_reading(probe: GateProbe) -> Reading:
    """A probe of a gate as a reading: how many probes have failed by now, in a row and in all."""
    faults = tuple(one for one in probe.findings if not one.verdict.acceptable)
    return Reading({FAILED_IN_A_ROW: float(probe.failed_in_a_row), FAILED_IN_ALL: float(probe.failed)}, faults)


def gate_as_trigger(gate: Gate, outcome: GateOutcome) -> WatchOutcome:
    """A gate that stayed shut, reported as the trigger that it stands for."""
    *earlier, (at, last) = [(probe.at, gate_reading(probe)) for probe in outcome.probes]
    fault = last.faults[0] if last.faults else None
    because = f"{fault.check}: {fault.measured or fault.verdict}" if fault else f"not clean in {gate.deadline_s:g} s"
    # a check that is called like a trigger of the plan is that trigger, whatever else the probe found
    trigger = next((one.check for one in last.faults if one.check in gate.triggers), gate.trigger)
    limit = gate.failure_threshold or 0
    in_a_row = (last.metrics[FAILED_IN_A_ROW] or 0) >= limit
    metric, limit = (FAILED_IN_A_ROW, limit) if in_a_row else (FAILED_IN_ALL, 2 * limit)
    fired = TriggerFired(trigger, metric, float(last.metrics[metric] or 0), limit, "probes", because)
    return WatchOutcome(gate.name, (*earlier, (at, replace(last, fired=fired))), last.faults, gate.since)
