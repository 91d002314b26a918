"""Walking a plan: step by step, truth before and after each, undo in reverse when the plan says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder
from runbook_lib.errors import (
    Aborted,
    CommandTimedOut,
    HostUnreachable,
    LinkDropped,
    PlanChanged,
    RollbackFailed,
    RolledBack,
    RunbookError,
    StepFailed,
)
from runbook_lib.execution.gate import CLEAN, GateOutcome, look_once, open_gate
from runbook_lib.execution.hands import Done, Hands, Interrupted
from runbook_lib.execution.interrupts import Interrupts
from runbook_lib.execution.records import Execution, StepRecord
from runbook_lib.plan import Action, Finding, Gate, Plan, Step, StepState

Progress = Callable[[tuple[StepRecord, ...], str, str], None]  # records, key of the step at work, tail of its output

TAIL_LINES = 12
_AGAIN = "Run the notebook again: it compares the facts with the target and does only what is missing."


class Walk:
    """One execution of one plan. `run` takes the lock, walks, and raises how it ended unless all steps passed."""

    def __init__(self, plan: Plan, hands: Hands, journal: Journal, folder: RunFolder, progress: Progress) -> None:
        self._plan, self._hands, self._journal, self._folder = plan, hands, journal, folder
        self._progress = progress
        self._interrupts = Interrupts()
        self._step_started = time.monotonic()
        self._advice = "Read the step's evidence in the report."
        self.records = [StepRecord(step.key, step.title) for step in plan.steps]

    def run(self) -> Execution:
        """Execute. Raises StepFailed, Aborted, RolledBack, RollbackFailed, LinkDropped, LockHeld."""
        with self._interrupts, ExitStack() as held:
            taken = ExitStack()
            held.push(taken)
            with self._interrupts.allowed():
                held.enter_context(self._hands.lock(self._plan.name))
            self._journal.write("lock_taken", purpose=self._plan.name)
            taken.callback(self._journal.write, "lock_released")  # after the lock itself is let go
            self._look_again()
            self._walk()
        return Execution(self._plan, tuple(self.records), applied=True)

    def _look_again(self) -> None:
        """Under the lock: are the facts still those of the plan? Raises PlanChanged."""
        if self._plan.guard is None:
            return
        with self._interrupts.allowed():
            findings = look_once(self._plan.guard, self._hands.ask)
        self._journal.write("findings", stage="under the lock", findings=list(findings))
        moved = [one for one in findings if one.verdict not in CLEAN]
        if moved:
            raise PlanChanged(
                f"Nothing was changed: while the plan was read, {moved[0].check} changed ({moved[0].measured}).",
                where=self._plan.target,
                next="Run the notebook again: it makes a plan from what is true now.",
            )

    def _walk(self) -> None:
        for number, step in enumerate(self._plan.steps):
            record = self._step(number, step)
            if record.state is not StepState.PASSED:
                self._stop_at(number, step, record)

    def _step(self, number: int, step: Step) -> StepRecord:
        """Do one step's actions in order, up to the first that does not pass."""
        self._journal.write("step_started", key=step.key, title=step.title, undo=[str(undo) for undo in step.undo])
        self._step_started = time.monotonic()
        self._show(step.key)
        done = Done(StepState.PASSED)
        evidence: list[str] = []
        try:
            for position, action in enumerate(step.actions, start=1):
                with self._interrupts.allowed():
                    done = self._act(action, step, f"{step.key}-{position}", evidence)
                if done.state is not StepState.PASSED:
                    break
        except Interrupted as stopped:
            done = stopped.done
            self._keep(f"{step.key}-stopped", done, evidence)
            if done.state is StepState.PASSED:  # it ended while it was being stopped
                done = replace(done, state=StepState.ABORTED, message="its last command had just passed")
        except KeyboardInterrupt:
            done = Done(StepState.ABORTED, message="stopped from outside")
        except CommandTimedOut as error:
            done = Done(StepState.TIMED_OUT, message=error.what)
        except (LinkDropped, HostUnreachable) as error:  # nothing can be undone on a server that is out of reach
            done = Done(StepState.UNKNOWN, message=error.what)
        except RunbookError as error:
            self._journal.write("error", type=type(error).__name__, what=error.what, where=error.where, next=error.next)
            self._advice = error.next or self._advice
            done = Done(StepState.FAILED, message=error.what)
        return self._finish(number, done.state, _message(done), done.exit_code, evidence)

    def _act(self, action: Action, step: Step, name: str, evidence: list[str]) -> Done:
        if isinstance(action, Gate):
            return self._gate(action, step, name, evidence)
        tail: list[str] = []
        last_shown = time.monotonic()

        def on_output(stream: str, text: str) -> None:
            nonlocal last_shown
            tail[:] = (("".join(tail) + text)[-4000:]).splitlines(keepends=True)[-TAIL_LINES:]
            if time.monotonic() - last_shown > 0.5:
                last_shown = time.monotonic()
                self._show(step.key, "".join(tail))

        done = self._hands.perform(action, name, on_output)
        self._keep(name, done, evidence, str(action))
        return done

    def _gate(self, gate: Gate, step: Step, name: str, evidence: list[str]) -> Done:
        def seen(look: int, findings: tuple[Finding, ...]) -> None:
            lines = [f"{one.verdict}: {one.check} {one.measured}" for one in findings]
            self._show(step.key, f"look {look}\n" + "\n".join(lines))

        outcome: GateOutcome = open_gate(gate, self._hands.ask, seen)
        self._journal.write("findings", stage=f"gate: {gate.name}", findings=list(outcome.findings))
        lines = [f"{one.verdict}\t{one.check}\t{one.measured}\t{one.expected}" for one in outcome.findings]
        head = f"{gate}\n{outcome.looks} looks, {'opened' if outcome.opened else 'did not open'}\n\n"
        evidence.append(self._folder.evidence(f"{name}-gate.txt", head + "\n".join(lines) + "\n"))
        return Done(StepState.PASSED if outcome.opened else StepState.FAILED, message=outcome.message)

    def _keep(self, name: str, done: Done, evidence: list[str], words: str = "") -> None:
        """Whatever a command said, as evidence; silence leaves no file."""
        for stream, text in (("out", done.stdout), ("err", done.stderr)):
            if text:
                head = f"$ {words}\n\n" if words else ""
                evidence.append(self._folder.evidence(f"{name}.{stream}.txt", head + text))

    def _finish(self, number: int, state: StepState, message: str = "", exit_code: int | None = None,
                evidence: list[str] | None = None) -> StepRecord:
        seconds = time.monotonic() - self._step_started
        record = replace(self.records[number], state=state, seconds=round(seconds, 3), exit_code=exit_code,
                         message=message, evidence=tuple(evidence or ()))
        self.records[number] = record
        self._journal.write("step_finished", key=record.key, title=record.title, state=state, seconds=record.seconds,
                            exit_code=exit_code, evidence=list(record.evidence), message=message)
        self._show()
        return record

    def _stop_at(self, number: int, step: Step, record: StepRecord) -> None:
        """The walk ends here: say what was not run, undo when the plan says so, raise how it ended."""
        for left in self.records[number + 1 :]:
            self._journal.write("step_finished", key=left.key, title=left.title, state=StepState.NOT_RUN)
        what = f"Step {number + 1} of {len(self.records)}, {step.title!r}: {record.state}. {record.message}".strip()
        where = f"{self._plan.target}, step {step.key}"
        if record.state is StepState.UNKNOWN:
            # undoing what may still be at work would make two truths
            raise LinkDropped(f"{what} Nothing was undone.", where=where, next=_AGAIN)
        if not self._plan.undo_on_failure:
            ended: type[RunbookError] = Aborted if record.state is StepState.ABORTED else StepFailed
            raise ended(what, where=where, next=f"{self._advice} {_AGAIN}")
        self._undo(number, what, where)

    def _undo(self, number: int, what: str, where: str) -> None:
        """Undo the failing step and every one before it, in reverse; stop at the first that cannot be undone."""
        undone = 0
        aborted = self.records[number].state is StepState.ABORTED
        for position in range(number, -1, -1):
            step = self._plan.steps[position]
            if not step.undo:
                continue
            done = self._undo_step(step)
            if done.state is not StepState.PASSED:
                raise RollbackFailed(
                    f"{what}\nUndoing {step.title!r} failed too: {_message(done) or done.state}",
                    where=f"{self._plan.target}, undo of step {step.key}; undone before that: {undone} steps",
                    next="Do not run anything else yet. Look at the state of the server with 00 Start here, "
                    "finish the undo by hand as the report lists it, and call the backend lead.",
                )
            self.records[position] = replace(self.records[position], state=StepState.ROLLED_BACK)
            undone += 1
        if not undone:
            ended = Aborted if aborted else StepFailed
            raise ended(f"{what} No step so far had anything to undo.", where=where, next=f"{self._advice} {_AGAIN}")
        raise RolledBack(f"{what}\nEverything done so far was undone ({undone} steps).", where=where,
                         next=f"{self._advice} {_AGAIN}")

    def _undo_step(self, step: Step) -> Done:
        self._journal.write("undo_started", key=step.key, title=step.title, does=[str(action) for action in step.undo])
        started = time.monotonic()
        evidence: list[str] = []
        done = Done(StepState.PASSED)
        try:
            for position, action in enumerate(step.undo, start=1):
                done = self._act(action, step, f"{step.key}-undo-{position}", evidence)
                if done.state is not StepState.PASSED:
                    break
        except RunbookError as error:
            done = Done(StepState.FAILED, message=error.what)
        state = StepState.ROLLED_BACK if done.state is StepState.PASSED else StepState.ROLLBACK_FAILED
        self._journal.write("undo_finished", key=step.key, title=step.title, state=state, exit_code=done.exit_code,
                            seconds=round(time.monotonic() - started, 3), evidence=evidence, message=_message(done))
        return done

    def _show(self, running: str = "", tail: str = "") -> None:
        self._progress(tuple(self.records), running, tail)


def _message(done: Done) -> str:
    """Why an action did not pass: its own words, or the last line of what it said."""
    if done.state is StepState.PASSED:
        return ""
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
    code = f"exit code {done.exit_code}" if done.exit_code is not None else ""
    return ": ".join(part for part in (done.message or code, *(line[:300] for line in said)) if part)
