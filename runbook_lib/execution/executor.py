"""Walking a plan: step by step, truth before and after each, undo in reverse when the plan says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder
from runbook_lib.core.errors import (
    Aborted,
    CommandTimedOut,
    HostUnreachable,
    LinkDropped,
    LockHeld,
    PlanChanged,
    RunbookError,
    StepFailed,
)
from runbook_lib.core.gates import Watch
from runbook_lib.core.plan import Plan, Step, StepState
from runbook_lib.execution.actions import ActionRunner, message_of
from runbook_lib.execution.backend import ActionResult, ExecutionBackend, Interrupted
from runbook_lib.execution.gate import probe_once
from runbook_lib.execution.interrupts import Interrupts
from runbook_lib.execution.records import Execution, StepRecord
from runbook_lib.execution.undo import WayBack
from runbook_lib.execution.watch_report import WatchExhibit, record_watch

Progress = Callable[[tuple[StepRecord, ...], str, str], None]  # records, key of the step at work, tail of its output

_AGAIN = "Run the notebook again: it compares the facts with the target and does only what is missing."
# a step's state as the verb of a sentence
_ENDED = {StepState.ABORTED: "was aborted", StepState.UNKNOWN: "has an unknown outcome"}


class PlanExecutor:
    """One execution of one plan. `run` takes the lock, walks, and raises how it ended unless all steps passed."""

    def __init__(self, plan: Plan, hands: ExecutionBackend, journal: Journal, folder: RunFolder,
                 progress: Progress) -> None:
        self._plan, self._hands, self._journal, self._folder = plan, hands, journal, folder
        self._progress = progress
        self._interrupts = Interrupts()
        self._step_started = time.monotonic()
        self._advice = "Read the step's evidence in the report."
        self._acting = ActionRunner(hands, journal, folder)
        self._lost_to: LockHeld | None = None
        self.exhibits: list[WatchExhibit] = []
        self._passed_at: dict[str, datetime] = {}
        self.records = [StepRecord(step.key, step.title) for step in plan.steps]

    def run(self) -> Execution:
        """Execute. Raises StepFailed, Aborted, RolledBack, RollbackFailed, LinkDropped, LockHeld."""
        with self._interrupts, ExitStack() as held:
            taken = ExitStack()
            held.push(taken)
            with self._interrupts.allowed():
                held.enter_context(self._hands.lock(self._plan.name))
            self._journal.write("lock_taken", purpose=self._plan.name)
            taken.callback(self._tell_of_the_lock)  # after the lock itself is let go
            self._look_again()
            self._walk()
        return Execution(self._plan, tuple(self.records), applied=True, findings=tuple(self._acting.open_questions))

    def _tell_of_the_lock(self) -> None:
        if self._lost_to is None:
            self._journal.write("lock_released")
        else:
            self._journal.write("lock_lost", because=self._lost_to.what)

    def _look_again(self) -> None:
        """Under the lock: are the facts still those of the plan? Raises PlanChanged."""
        if self._plan.recheck is None:
            return
        with self._interrupts.allowed():
            findings = probe_once(self._plan.recheck, self._hands.ask)
        self._journal.write("findings", stage="under the lock", findings=list(findings))
        moved = [one for one in findings if not one.verdict.acceptable]
        if moved:
            raise PlanChanged(
                f"Nothing was changed: while the plan was read, {moved[0].check} changed ({moved[0].measured}).",
                where=self._plan.target,
                next_step="Run the notebook again: it makes a plan from what is true now.",
            )

    def _walk(self) -> None:
        for number, step in enumerate(self._plan.steps):
            record = self._step(number, step)
            if record.state is not StepState.PASSED:
                self._stop_at(number, step, record)
            self._passed_at[step.key] = datetime.now(UTC)
            if any(isinstance(action, Watch) for action in step.actions):
                self._tell_watch()

    def _step(self, number: int, step: Step) -> StepRecord:
        """Do one step's actions in order, up to the first that does not pass."""
        self._journal.write("step_started", key=step.key, title=step.title, undo=[str(undo) for undo in step.undo])
        self._step_started = time.monotonic()
        self._show(step.key)
        done = ActionResult(StepState.PASSED)
        evidence: list[str] = []
        try:
            for position, action in enumerate(step.actions, start=1):
                with self._interrupts.allowed():
                    done = self._acting.act(action, f"{step.key}-{position}", evidence,
                                            lambda tail: self._show(step.key, tail))
                if done.state is not StepState.PASSED:
                    break
        except Interrupted as stopped:
            done = stopped.done
            self._acting.keep(f"{step.key}-stopped", done, evidence)
            if done.state is StepState.PASSED:  # it ended while it was being stopped
                done = replace(done, state=StepState.ABORTED, message="its last command had just passed")
        except KeyboardInterrupt:
            done = ActionResult(StepState.ABORTED, message="stopped from outside")
        except CommandTimedOut as error:
            done = ActionResult(StepState.TIMED_OUT, message=error.what)
        except (LinkDropped, HostUnreachable) as error:  # nothing can be undone on a server that is out of reach
            done = ActionResult(StepState.UNKNOWN, message=error.what)
        except LockHeld as error:
            self._lost_to, done = error, ActionResult(StepState.ABORTED, message=error.what)
        except RunbookError as error:
            self._journal.write("error", type=type(error).__name__, what=error.what, where=error.where,
                                next_step=error.next_step)
            self._advice = error.next_step or self._advice
            done = ActionResult(StepState.FAILED, message=error.what)
        return self._finish(number, done.state, message_of(done), done.exit_code, evidence)

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
        what = f"Step {number + 1} of {len(self.records)}, {step.title!r}, {_ENDED.get(record.state, record.state)}"
        what += f": {record.message}" if record.message else "."
        where = f"{self._plan.target}, step {step.key}"
        if record.state is StepState.UNKNOWN:
            # undoing what may still be at work would make two truths
            raise LinkDropped(f"{what}\nNothing was undone.", where=where, next_step=_AGAIN)
        if self._lost_to is not None:  # whatever we undid now would be behind the back of who acts there
            raise Aborted(f"{what}\nNothing was undone: this run does not hold the environment any more.", where=where,
                          next_step=self._lost_to.next_step)
        if not self._plan.undo_on_failure:
            ended: type[RunbookError] = Aborted if record.state is StepState.ABORTED else StepFailed
            raise ended(what, where=where, next_step=self._next())
        if self._past_the_point_of_return(number):
            ended = Aborted if record.state is StepState.ABORTED else StepFailed
            self._tell_watch()
            raise ended(f"{what}\nNothing was undone: {self._plan.irreversible_reason}", where=where,
                        next_step=self._plan.irreversible_hint or _AGAIN)
        self._go_back(number, what, where)

    def _next(self) -> str:
        """What the operator is told to do: what the failing check or error said, before anything general."""
        return self._acting.advice or f"{self._advice} {_AGAIN}"

    def _past_the_point_of_return(self, number: int) -> bool:
        """Whether a step has passed after which nothing is undone by itself."""
        last = self._plan.point_of_no_return
        return any(step.key == last and self.records[position].state is StepState.PASSED
                   for position, step in enumerate(self._plan.steps[:number]))

    def _go_back(self, number: int, what: str, where: str) -> None:
        back = WayBack(self._plan, self._hands, self._journal, self._acting, self.records, self._show)
        try:
            back.go(number, what, where, self._next())
        finally:
            self._tell_watch(back)

    def _tell_watch(self, back: WayBack | None = None) -> None:
        """A picture that cannot be drawn must not hide how the run ended."""
        try:
            exhibit = record_watch(
                self._acting.watched, self._journal, self._folder, self._hands, passed_at=self._passed_at,
                undone_at=back.undone_at if back else None, clean_at=back.clean_at if back else None,
            )
        except Exception as error:
            self._journal.write("error", type=type(error).__name__, what=f"The watch could not be drawn: {error}",
                                where=self._plan.target, next_step="Its looks are in the journal.")
            return
        self.exhibits += [exhibit] if exhibit else []

    def _show(self, running: str = "", tail: str = "") -> None:
        self._progress(tuple(self.records), running, tail)
