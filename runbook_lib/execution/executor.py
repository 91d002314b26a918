"""Executing a plan: step by step, recorded before and after each, undone in reverse when the plan says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder
from runbook_lib.core.errors import PlanChanged, RunbookError, RunFailed
from runbook_lib.core.plan import Action, Plan, Step, StepState
from runbook_lib.execution.actions import ActionRunner, combined
from runbook_lib.execution.backend import ActionResult, ExecutionBackend
from runbook_lib.execution.containers import KeptContainers
from runbook_lib.execution.failures import (
    Failure,
    failure_at,
    fault_of_rollback,
    refusal_to_undo,
    rollback_failed,
    rolled_back,
    with_loss,
)
from runbook_lib.execution.gate import probe_once
from runbook_lib.execution.interrupts import Interrupts
from runbook_lib.execution.recorder import Recorder
from runbook_lib.execution.records import Execution, StepRecord
from runbook_lib.execution.silences import STAGE, Silences
from runbook_lib.execution.state import ExecutionState
from runbook_lib.execution.undo import Rollback
from runbook_lib.execution.watch_report import WatchExhibit, record_watch
from runbook_lib.platform.facts.request_logs import NO_REQUEST_LOGS, RequestLogs

# records, key of the step in progress, last lines of its output
Progress = Callable[[tuple[StepRecord, ...], str, str], None]


class PlanExecutor:
    """One execution of one plan, and the owner of its state.

    `exhibits` are pictures of its watches, for the screen. `contact`: whom to call when undoing fails. `request_logs`
    are searched for requests that keep a gate shut, and name the project whose containers a failed step leaves.
    """

    def __init__(self, plan: Plan, backend: ExecutionBackend, journal: Journal, folder: RunFolder,
                 progress: Progress, contact: str = "", silences: Silences | None = None,
                 request_logs: RequestLogs = NO_REQUEST_LOGS) -> None:
        self._plan, self._backend, self._recorder = plan, backend, Recorder(journal, folder)
        self._progress, self._contact = progress, contact
        self._interrupts = Interrupts()
        self._runner = ActionRunner(backend, self._recorder, request_logs)
        self._containers = KeptContainers(request_logs.project, backend, self._recorder)
        self._state = ExecutionState(plan)
        self._silences = silences
        self.exhibits: list[WatchExhibit] = []

    def run(self) -> Execution:
        """Take the lock, do every step, release the lock.

        Raises LockHeld, PlanChanged, StepFailed, Aborted, RolledBack, RollbackFailed, LinkDropped. Whatever else is
        raised once a step has begun, a full disk of this machine or an internal error, ends that step and is undone.
        """
        try:
            self._run()
        except RunbookError as error:
            raise with_loss(error, self._recorder.loss) from error.__cause__
        if self._recorder.loss:
            raise RunFailed(f"Every step passed, and nothing was undone, but {self._recorder.loss}",
                            where=self._plan.target, next_step="Free space here, then verify what is live: 21 Verify.")
        return self._state.execution()

    def _run(self) -> None:
        with self._interrupts, ExitStack() as held:
            after_lock = ExitStack()
            held.push(after_lock)  # pushed first: it runs when the lock itself is released
            with self._interrupts.interruptible():
                held.enter_context(self._backend.lock(self._plan.name))
            self._recorder.write("lock_taken", purpose=self._plan.name)
            after_lock.callback(self._record_end_of_lock)
            self._recheck()
            if self._silences is not None:  # what a killed run has silenced is heard again, whatever this one does
                self._silences.begin()
            held.callback(self._end_silences)  # before the lock goes: another run would take them for left ones
            for position, step in enumerate(self._plan.steps):
                self._take(position, step)

    def _record_end_of_lock(self) -> None:
        self._recorder.be_lenient()  # how the execution ended is known, and must not be hidden by this
        if self._state.lock_lost is None:
            self._recorder.write("lock_released")
        else:
            self._recorder.write("lock_lost", reason=self._state.lock_lost.what)

    def _end_silences(self) -> None:
        """However the execution ended: what it silenced is heard again, and what could not be silenced is reported."""
        if self._silences is None:
            return
        self._silences.end()
        self._state.unresolved += self._silences.findings
        if found := (*self._silences.left, *self._silences.findings):
            with suppress(RunbookError):
                self._recorder.write("findings", stage=STAGE, findings=list(found))

    def _recheck(self) -> None:
        """Under the lock: are the facts still those of the plan? Raises PlanChanged."""
        if self._plan.recheck is None:
            return
        with self._interrupts.interruptible():
            findings = probe_once(self._plan.recheck, self._backend.ask)
        self._recorder.write("findings", stage="under the lock", findings=list(findings))
        changed = [one for one in findings if not one.verdict.acceptable]
        if changed:
            raise PlanChanged(
                f"Nothing was changed: while the plan was read, {changed[0].check} changed ({changed[0].measured}).",
                where=self._plan.target,
                next_step="Run the notebook again: it makes a plan from what is true now.",
            )

    def _take(self, position: int, step: Step) -> None:
        """Take one step: record that it starts, do its actions, record how it ended; raise unless it passed."""
        started = time.monotonic()

        def take() -> ActionResult:
            self._recorder.write("step_started", key=step.key, title=step.title,
                                 undo=[str(undo) for undo in self._plan.undone_by(step)])
            self._show(step.key)
            return self._containers.with_result(self._do_actions(step), step.key)

        def finish(result: ActionResult) -> ActionResult:
            record = self._state.finish_step(position, result, time.monotonic() - started)
            self._recorder.write("step_finished", key=record.key, title=record.title, state=record.state,
                                 seconds=record.seconds, exit_code=record.exit_code, evidence=list(record.evidence),
                                 message=record.message)
            if result.passed and result.watched is not None:
                self._record_watch()
            return result

        if self._silences is not None:
            self._silences.before(self._plan, step)
        taken = self._guarded(take, step.key)
        ended = self._guarded(lambda: finish(taken), step.key)
        if ended is not taken:  # it had passed, and could not be recorded: going on without evidence would be wrong
            finish(ended)
        self._show()
        if not ended.passed:
            raise self._stop(position, ended)

    def _guarded(self, work: Callable[[], ActionResult], key: str) -> ActionResult:
        """The result of some work; whatever it raises is its result, for what was done must be undone."""
        try:
            result = work()
        except BaseException as error:
            self._recorder.be_lenient()
            return self._runner.result_of(error, key)
        if not result.passed:
            self._recorder.be_lenient()
        return result

    def _do_actions(self, step: Step) -> ActionResult:
        """A step's actions in order, up to the first that does not pass."""
        results: list[ActionResult] = []
        for number, action in enumerate(step.actions, start=1):
            results.append(self._do_action(action, step.key, f"{step.key}-{number}"))
            if not results[-1].passed:
                break
        return combined(results)

    def _do_action(self, action: Action, key: str, name: str) -> ActionResult:
        """One action; however it ends, that is its result. Here alone an interrupt comes through."""
        def run() -> ActionResult:
            with self._interrupts.interruptible():
                return self._runner.run(action, name, lambda tail: self._show(key, tail))

        return self._guarded(run, key)

    def _stop(self, position: int, result: ActionResult) -> BaseException:
        """End at a step that did not pass: record what was not run, undo when that is right. Returns the end."""
        for left in self._state.records[position + 1 :]:
            self._recorder.write("step_finished", key=left.key, title=left.title, state=StepState.NOT_RUN)
        failure = failure_at(self._plan, position, result)
        refusal = refusal_to_undo(self._plan, failure, lock_lost=self._state.lock_lost,
                                  irreversible=self._state.is_irreversible(position))
        if refusal is None:
            return self._roll_back(failure)
        if result.defect is not None:  # nothing is undone, and it is not the server's fault: exit code 70
            return result.defect
        if result.watched is not None:  # a watch that had passed is recorded already
            self._record_watch()
        return refusal

    def _roll_back(self, failure: Failure) -> RunbookError:
        """Undo the failing step and every one before it, and verify what is live then. Returns the end."""
        state = self._state
        kept = state.kept(failure.position)
        for one in kept:
            self._recorder.write("step_kept", key=one.key, title=one.title, what=one.what, certain=one.certain)
        rollback = Rollback(self._plan, self._backend, self._recorder, self._runner, self._show, self._containers)
        try:
            for undone in rollback.run(failure.position):
                state.add_undone(undone)
                if state.restores_service(undone):
                    state.add_check(rollback.check_briefly())
            verification = None
            if state.undone and all(one.succeeded for one in state.undone):
                verification, probes = rollback.verify()
                state.add_check(probes, verification)
            fault = fault_of_rollback(state.undone, state.left_as_is(failure.position), verification, kept)
            if fault:
                return rollback_failed(failure, state.undone, fault, rollback.server_state(), self._contact,
                                       self._plan.failed_rollback_hint)
            return rolled_back(self._plan, failure, state.undone, kept)
        except BaseException as error:  # of ours: what was undone so far is known, for another operator to go on from
            left = ", ".join(state.left_as_is(failure.position)) or "nothing"
            fault = f"Undoing ended early ({type(error).__name__}: {error}). Not undone: {left}."
            return rollback_failed(failure, state.undone, fault, rollback.server_state(), self._contact,
                                       self._plan.failed_rollback_hint)
        finally:
            self._record_watch()

    def _record_watch(self) -> None:
        """A picture that cannot be drawn must not hide how the execution ended."""
        try:
            exhibit = record_watch(
                self._state.watched, self._recorder, self._backend, passed_at=self._state.passed_at,
                undone_at=self._state.undone_at, recovered_at=self._state.recovered_at,
            )
        except Exception as error:
            self._recorder.write("error", type=type(error).__name__, what=f"The watch could not be drawn: {error}",
                                where=self._plan.target, next_step="Its probes are in the journal.")
            return
        self.exhibits += [exhibit] if exhibit else []

    def _show(self, running: str = "", tail: str = "") -> None:
        with suppress(Exception):  # a screen that is gone changes nothing on the server
            self._progress(tuple(self._state.records), running, tail)
