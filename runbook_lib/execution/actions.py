"""Doing one action of a step, whichever kind it is, and saving its output as evidence."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace

from runbook_lib.core.errors import CommandTimedOut, HostUnreachable, LinkDropped, LockHeld, RunbookError
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Gate, Reading, Watch
from runbook_lib.core.plan import Action, StepState
from runbook_lib.core.text import aligned, from_next_line, head_of, pluralize, readable_number
from runbook_lib.execution.backend import ActionResult, ExecutionBackend, Interrupted, ServerAction
from runbook_lib.execution.build_output import lines_of_failed_build
from runbook_lib.execution.gate import GateOutcome, GateProbe, is_tolerated, open_gate
from runbook_lib.execution.monitor import gate_as_trigger, run_watch
from runbook_lib.execution.recorder import Recorder
from runbook_lib.kernel.stopping import stop_reason
from runbook_lib.platform.facts.request_logs import NOT_READ, RequestLine, RequestLogs, lines_of_requests

TAIL_LINES, TAIL_CHARACTERS = 12, 4000
LONGEST_MESSAGE = 300  # characters of a foreign text in one of ours
SHOW_EVERY_S = 0.5
Show = Callable[[str], None]  # the last lines of what the action in progress prints


class ActionRunner:
    """Runs actions, one at a time. Keeps nothing: what an action leaves is in its result.

    `request_logs` are searched for requests that keep a gate shut.
    """

    def __init__(self, backend: ExecutionBackend, recorder: Recorder, request_logs: RequestLogs) -> None:
        self._backend, self._recorder, self._request_logs = backend, recorder, request_logs

    def run(self, action: Action, name: str, show: Show) -> ActionResult:
        """Do one action to its end. `name` names its evidence. Raises what the backend raises."""
        if isinstance(action, Gate):
            return self.open_gate(action, name, show)[0]
        if isinstance(action, Watch):
            return self._watch(action, name, show)
        return self._perform(action, name, show)

    def open_gate(self, gate: Gate, name: str, show: Show) -> tuple[ActionResult, GateOutcome]:
        """Open a gate; the outcome has every probe. Raises the link's own error when the last probe had none."""

        def observe(probe: GateProbe) -> None:
            lines = (f"{one.verdict}: {one.check} {one.measured}" for one in probe.findings)
            show("\n".join((f"probe {probe.number}", *lines)))

        outcome = open_gate(gate, self._backend.ask, observe)
        self._recorder.write("findings", stage=f"gate: {gate.name}", findings=list(outcome.findings))
        lines = aligned([("verdict", "check", "measured", "expected"),
                         *((str(one.verdict), one.check, one.measured, one.expected) for one in outcome.findings)])
        counts = f"{pluralize(len(outcome.probes), 'probe')}, {'opened' if outcome.opened else 'did not open'}"
        evidence = self._recorder.evidence(f"{name}-gate.txt", "\n".join((str(gate), counts, "", *lines)) + "\n")
        kept = (evidence, *self._keep_picture(gate, name, outcome))
        self._keep_headline(gate.headline, outcome.findings)
        if outcome.opened:
            unresolved = tuple(one for one in outcome.findings
                               if is_tolerated(gate, one) or one.verdict is Verdict.WARNING)
            return ActionResult(StepState.PASSED, evidence=kept, unresolved=unresolved), outcome
        faults = (one for one in outcome.findings if not one.verdict.acceptable)
        result = ActionResult(
            StepState.FAILED,
            message=outcome.message,
            evidence=(*kept, *self._keep_request_log(name, outcome)),
            watched=gate_as_trigger(gate, outcome) if gate.trigger else None,
            hint=next((one.next_step for one in faults if one.next_step), ""),
        )
        return result, outcome

    def _keep_request_log(self, name: str, outcome: GateOutcome) -> tuple[str, ...]:
        """What the server logged for the requests that kept the gate shut, in bounds, and what could not be read.

        Fetched now: after an undo the container with its log may be gone.
        """
        ids = [one.request_id for one in outcome.findings if one.request_id and not one.verdict.acceptable]
        lines: tuple[RequestLine, ...] = ()
        if ids:
            try:
                lines = self._backend.ask(lines_of_requests(self._request_logs, ids))
            except RunbookError as error:  # the gate has its own reason: this one is only for who reads the evidence
                lines = (RequestLine("", NOT_READ, error.what),)
        if not lines:
            return ()
        rows = aligned([(one.at, one.level, one.message) for one in lines])
        text = "\n".join(("Logged for the failed requests:", *rows, ""))
        path = self._recorder.evidence(f"{name}-requests.txt", text)
        return (path,) if path else ()

    def _keep_headline(self, check: str, findings: Sequence[Finding]) -> None:
        """What one check measured, in the head of the report; nothing where it could not be measured."""
        for one in findings:
            if one.check == check and one.verdict is not Verdict.INCONCLUSIVE:
                self._recorder.write("shown", title=f"{one.check[:1].upper()}{one.check[1:]}", text=one.measured,
                                     chart=[], highlight="gate")

    def _keep_picture(self, gate: Gate, name: str, outcome: GateOutcome) -> tuple[str, ...]:
        """What the last probe looked like, in the report: first of all when it kept the gate shut."""
        picture = outcome.probes[-1].picture if outcome.probes else None
        if not picture:
            return ()
        path = self._recorder.chart(f"{name}.png", picture.png)
        title, text = gate.name[:1].upper() + gate.name[1:], outcome.message or "As a user sees it."
        self._recorder.write("shown", title=title, text=text, chart=[path],
                            **({} if outcome.opened else {"highlight": True}))
        return (path,)

    def result_of(self, error: BaseException, key: str) -> ActionResult:
        """The result of an action that an error ended; `key` is its step's. What is not known stays unknown.

        Raises nothing when the recorder is lenient: what an action has begun must be undone, whatever ended it.
        """
        match error:
            case Interrupted(result=ended):
                stopped = self._redacted(ended)
                saved = replace(stopped, evidence=self._save_output(f"{key}-stopped", stopped))
                if stopped.passed:  # it ended while it was being stopped
                    return replace(saved, state=StepState.ABORTED,
                                   message=f"{stop_reason()}; its last command had just passed")
                return replace(saved, message=stop_reason()) if saved.state is StepState.ABORTED else saved
            case CommandTimedOut():
                return ActionResult(StepState.TIMED_OUT, message=error.what, error=error)
            case LinkDropped() | HostUnreachable():  # nothing can be undone on a server that is out of reach
                return ActionResult(StepState.UNKNOWN, message=error.what, error=error)
            case LockHeld():
                return ActionResult(StepState.ABORTED, message=error.what, error=error)
            case RunbookError():
                self._recorder.write("error", type=type(error).__name__, what=error.what, where=error.where,
                                    next_step=error.next_step)
                return ActionResult(StepState.FAILED, message=error.what, error=error)
            case KeyboardInterrupt():
                return ActionResult(StepState.ABORTED, message=stop_reason())
            case _:
                return self._internal_error(error, key)

    def _internal_error(self, error: BaseException, key: str) -> ActionResult:
        """An error that is not ours to raise: its traceback goes into the evidence, and the step has failed."""
        trace = "".join(traceback.format_exception(error))
        path = self._recorder.evidence(f"{key}-internal-error.txt", trace)
        what = f"{type(error).__name__}: {head_of(str(error), LONGEST_MESSAGE)}"
        return ActionResult(StepState.FAILED, message=f"internal error (a bug in the runbooks): {what}",
                            evidence=(path,) if path else (), defect=error)

    def _perform(self, action: ServerAction, name: str, show: Show) -> ActionResult:
        tail = ""
        last_shown = time.monotonic()

        def on_output(stream: str, text: str) -> None:
            nonlocal tail, last_shown
            # redacted before it is cut, and from a whole line on: a piece of a secret is none that a redactor knows
            whole = tail + text
            tail = whole if len(whole) <= 4 * TAIL_CHARACTERS else from_next_line(whole[-2 * TAIL_CHARACTERS:])
            if time.monotonic() - last_shown > SHOW_EVERY_S:
                last_shown = time.monotonic()
                clean, _ = self._recorder.redactor.split(tail)
                show("".join(clean[-TAIL_CHARACTERS:].splitlines(keepends=True)[-TAIL_LINES:]))

        result = self._redacted(self._backend.perform(action, name, on_output))
        return replace(result, evidence=self._save_output(name, result, str(action)))

    def _redacted(self, result: ActionResult) -> ActionResult:
        """The result with its texts redacted, before any of them is cut to a message."""
        clean = self._recorder.redactor.text
        return replace(result, stdout=clean(result.stdout), stderr=clean(result.stderr), message=clean(result.message))

    def _watch(self, watch: Watch, name: str, show: Show) -> ActionResult:
        lines: list[str] = []

        def observe(reading: Reading, seconds: float) -> None:
            self._recorder.write("probe", watch=watch.name, metrics=dict(reading.metrics), faults=list(reading.faults),
                                fired=str(reading.fired) if reading.fired else "", counted=format_reading(reading),
                                seconds_left=round(max(0.0, watch.duration_s - seconds)))
            lines.append(f"{seconds:.1f} s\t{format_reading(reading)}")
            show(f"{min(seconds, watch.duration_s):.0f} of {watch.duration_s:.0f} s: {format_reading(reading)}")

        outcome = run_watch(watch, self._backend.ask, observe)
        evidence = self._recorder.evidence(f"{name}-watch.txt", f"{watch}\n\n" + "\n".join(lines) + "\n")
        self._recorder.write("findings", stage=f"watch: {watch.name}", findings=list(outcome.findings))
        self._keep_headline(watch.headline, outcome.findings)
        failed = [one for one in outcome.findings if one.verdict is Verdict.FAILED]
        if failed:
            message = str(outcome.fired) if outcome.fired else f"{failed[0].check}: {failed[0].measured}"
            return ActionResult(StepState.FAILED, message=message, evidence=(evidence,), watched=outcome)
        unresolved = tuple(one for one in outcome.findings
                           if not one.verdict.acceptable or one.verdict is Verdict.WARNING)
        return ActionResult(StepState.PASSED, evidence=(evidence,), watched=outcome, unresolved=unresolved)

    def _save_output(self, name: str, result: ActionResult, command: str = "") -> tuple[str, ...]:
        """Whatever a command printed, as evidence; silence leaves no file."""
        head = f"$ {command}\n\n" if command else ""
        kept = (self._recorder.evidence(f"{name}.{stream}.txt", head + text)
                for stream, text in (("out", result.stdout), ("err", result.stderr)) if text)
        return tuple(path for path in kept if path)


def combined(results: Sequence[ActionResult]) -> ActionResult:
    """Several actions as one: it ended as the last of them did, and has the evidence of all. Nothing to do passes."""
    if not results:
        return ActionResult(StepState.PASSED)
    return replace(
        results[-1],
        evidence=tuple(path for one in results for path in one.evidence),
        watched=next((one.watched for one in reversed(results) if one.watched is not None), None),
        unresolved=tuple(finding for one in results for finding in one.unresolved),
    )


def format_reading(reading: Reading) -> str:
    """A reading in one line: its figures, and the first fault."""
    figures = " · ".join(f"{name} {'unknown' if value is None else readable_number(value, 4)}"
                        for name, value in reading.metrics.items())
    fault = reading.faults[0] if reading.faults else None
    return figures + (f"; {fault.check}: {fault.measured or fault.verdict}" if fault else "; no fault")


def failure_message(result: ActionResult) -> str:
    """Why an action did not pass: its own message, the last line of what it printed, and what its containers show;
    empty when it passed. One line where the message is one: of a failure the report's head has that alone."""
    if result.passed:
        return ""
    if result.state is StepState.ABORTED:  # what a program prints of our own signal ("Terminated") is not a reason
        return result.message or "stopped"
    error, other = result.stderr.strip(), result.stdout.strip()
    lines = lines_of_failed_build((error or other).splitlines(), other.splitlines() if error else ())
    # a library's links and quotations come after the error that they belong to
    telling = [line for line in lines if not line.startswith(("(", "[", "DETAIL:"))][-1:] or lines[-1:]
    code = f"exit code {result.exit_code}" if result.exit_code is not None else ""
    shown = [head_of(line, LONGEST_MESSAGE) for line in telling]
    return "; ".join(part for part in (": ".join(one for one in (result.message or code, *shown) if one), result.cause)
                     if part)
