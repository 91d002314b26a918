"""Doing one action of a step, whichever kind it is, and keeping what it said as evidence."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Gate, Reading, Watch
from runbook_lib.core.plan import Action, StepState
from runbook_lib.core.text import pluralize
from runbook_lib.execution.backend import ActionResult, ExecutionBackend
from runbook_lib.execution.gate import GateOutcome, open_gate
from runbook_lib.execution.monitor import Look, WatchOutcome, gate_as_trigger, gate_reading, run_watch

TAIL_LINES = 12
Show = Callable[[str], None]  # the tail of what the step at work says


class ActionRunner:
    """The actions of one execution. Remembers the watch it kept, for the story of a rollback."""

    def __init__(self, hands: ExecutionBackend, journal: Journal, folder: RunFolder) -> None:
        self._hands, self._journal, self._folder = hands, journal, folder
        self.watched: WatchOutcome | None = None
        self.open_questions: list[Finding] = []
        self.advice = ""

    def act(self, action: Action, name: str, evidence: list[str], show: Show) -> ActionResult:
        """Do one action to its end. Raises what the hands raise."""
        if isinstance(action, Gate):
            return self.gate(action, name, evidence, show)
        if isinstance(action, Watch):
            return self._watch(action, name, evidence, show)
        tail: list[str] = []
        last_shown = time.monotonic()

        def on_output(stream: str, text: str) -> None:
            nonlocal last_shown
            tail[:] = (("".join(tail) + text)[-4000:]).splitlines(keepends=True)[-TAIL_LINES:]
            if time.monotonic() - last_shown > 0.5:
                last_shown = time.monotonic()
                show("".join(tail))

        done = self._hands.perform(action, name, on_output)
        self.keep(name, done, evidence, str(action))
        return done

    def gate(self, gate: Gate, name: str, evidence: list[str], show: Show,
             seen_at: Callable[[tuple[Finding, ...]], None] = lambda findings: None) -> ActionResult:
        """Open a gate. `seen_at` is told the findings of every look."""

        looks: list[Look] = []

        def seen(look: int, findings: tuple[Finding, ...]) -> None:
            seen_at(findings)
            looks.append((datetime.now(UTC), gate_reading(gate, [one for _, one in looks], findings)))
            show("\n".join((f"look {look}", *(f"{one.verdict}: {one.check} {one.measured}" for one in findings))))

        outcome: GateOutcome = open_gate(gate, self._hands.ask, seen)
        if not outcome.opened:
            faults = (one for one in outcome.findings if not one.verdict.acceptable)
            self.advice = next((one.next_step for one in faults if one.next_step), "")
        if gate.trigger and not outcome.opened:
            self.watched = gate_as_trigger(gate, looks)
        self._journal.write("findings", stage=f"gate: {gate.name}", findings=list(outcome.findings))
        lines = [f"{one.verdict}\t{one.check}\t{one.measured}\t{one.expected}" for one in outcome.findings]
        head = f"{gate}\n{pluralize(outcome.looks, 'look')}, {'opened' if outcome.opened else 'did not open'}\n\n"
        evidence.append(self._folder.evidence(f"{name}-gate.txt", head + "\n".join(lines) + "\n"))
        return ActionResult(StepState.PASSED if outcome.opened else StepState.FAILED, message=outcome.message)

    def _watch(self, watch: Watch, name: str, evidence: list[str], show: Show) -> ActionResult:
        lines: list[str] = []

        def seen(reading: Reading, seconds: float) -> None:
            self._journal.write("look", watch=watch.name, metrics=dict(reading.metrics), faults=list(reading.faults),
                                fired=str(reading.fired) if reading.fired else "")
            lines.append(f"{seconds:.1f} s\t{told(reading)}")
            show(f"{min(seconds, watch.duration_s):.0f} of {watch.duration_s:.0f} s: {told(reading)}")

        self.watched = outcome = run_watch(watch, self._hands.ask, seen)
        evidence.append(self._folder.evidence(f"{name}-watch.txt", f"{watch}\n\n" + "\n".join(lines) + "\n"))
        self._journal.write("findings", stage=f"watch: {watch.name}", findings=list(outcome.findings))
        bad = [one for one in outcome.findings if one.verdict is Verdict.FAILED]
        if bad:
            said = str(outcome.fired) if outcome.fired else f"{bad[0].check}: {bad[0].measured}"
            return ActionResult(StepState.FAILED, message=said)
        self.open_questions += [one for one in outcome.findings if not one.verdict.acceptable]
        return ActionResult(StepState.PASSED)

    def keep(self, name: str, done: ActionResult, evidence: list[str], words: str = "") -> None:
        """Whatever a command said, as evidence; silence leaves no file."""
        for stream, text in (("out", done.stdout), ("err", done.stderr)):
            if text:
                head = f"$ {words}\n\n" if words else ""
                evidence.append(self._folder.evidence(f"{name}.{stream}.txt", head + text))


def told(reading: Reading) -> str:
    """A reading in one line: its figures, and the first fault."""
    figures = " · ".join(f"{name} {'unknown' if value is None else f'{value:.4g}'}"
                        for name, value in reading.metrics.items())
    fault = reading.faults[0] if reading.faults else None
    return figures + (f"; {fault.check}: {fault.measured or fault.verdict}" if fault else "; all good")


def message_of(done: ActionResult) -> str:
    """Why an action did not pass: its own words, or the last line of what it said."""
    if done.state is StepState.PASSED:
        return ""
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    # a library's links and quotations come after the error that they belong to
    said = [line for line in lines if not line.startswith(("(", "[", "DETAIL:"))][-1:] or lines[-1:]
    code = f"exit code {done.exit_code}" if done.exit_code is not None else ""
    return ": ".join(part for part in (done.message or code, *(line[:300] for line in said)) if part)
