"""The way back: undo in reverse, one attempt, and a look from outside whether it led to something that works."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from runbook_lib.archive.journal import Journal
from runbook_lib.core.errors import (
    Aborted,
    HostUnreachable,
    LinkDropped,
    RollbackFailed,
    RolledBack,
    RunbookError,
    StepFailed,
)
from runbook_lib.core.findings import Finding
from runbook_lib.core.plan import Action, Plan, Step, StepState
from runbook_lib.execution.actions import ActionRunner, message_of
from runbook_lib.execution.backend import ActionResult, ExecutionBackend
from runbook_lib.execution.gate import open_gate
from runbook_lib.execution.records import StepRecord

ROLLBACK_NEXT = ("Do not deploy over it. Open 22 Rollback for the last good release: it works from any half-done "
                 "state. Call the backend lead; the report lists what was undone and what was not.")
_STOPPED_NEXT = ("Somebody or something stopped this run; nothing is known to be wrong with what it did. "
                 "When the reason is gone, run the notebook again.")
SETTLE_S = 60.0  # after the engine's return its containers start one after the other
QUICK_LOOK_S = 10.0
SETTLE_PAUSE_S = 2.0


class WayBack:
    """Undoes the steps of one plan. `show` is told what is at work; `records` are changed in place."""

    def __init__(self, plan: Plan, hands: ExecutionBackend, journal: Journal, acting: ActionRunner,
                 records: list[StepRecord],
                 show: Callable[[str, str], None]) -> None:
        self._plan, self._hands, self._journal, self._acting = plan, hands, journal, acting
        self._records, self._show = records, show
        self.undone_at: dict[str, datetime] = {}
        self.looks: list[tuple[datetime, tuple[Finding, ...]]] = []
        self._undone: list[str] = []
        self._failed: list[str] = []
        self._settles_until = 0.0

    def go(self, number: int, what: str, where: str, advice: str) -> None:
        """Undo the failing step and every one before it. Raises how it ended: always."""
        aborted = self._records[number].state is StepState.ABORTED
        self._wait_until_it_can_work()
        stopped = self._undo_all(number)
        if not self._undone and not self._failed:
            ended = Aborted if aborted else StepFailed
            raise ended(f"{what}\nNo step so far had anything to undo.", where=where, next_step=advice)
        if self._failed:
            left = f"\nNot undone: {', '.join(stopped)}." if stopped else ""
            raise self._lost(f"{what}\nUndoing {'; '.join(self._failed)}{left}", f"{where}, on the way back")
        self._look_from_outside(what, where)
        then = _STOPPED_NEXT if aborted else f"{self._acting.advice} {self._plan.after_rollback_hint}".strip() or advice
        raise RolledBack(f"{what}\nEverything done so far was undone ({self._count()}).{self._verified()}", where=where,
                         next_step=then)

    def _count(self) -> str:
        from runbook_lib.core.text import pluralize

        return pluralize(len(self._undone), "step")

    def _wait_until_it_can_work(self) -> None:
        """An engine that is just coming back must not turn one fault into two."""
        if self._plan.undo_ready is None:
            return
        with suppress(LinkDropped, HostUnreachable):  # undoing tries the link again, and says what became of it
            outcome = open_gate(self._plan.undo_ready, self._hands.ask)
            if outcome.looks > self._plan.undo_ready.success_threshold:
                self._settles_until = time.monotonic() + SETTLE_S
            if not outcome.opened:
                self._journal.write("findings", stage=f"before undoing: {self._plan.undo_ready.name}",
                                    findings=list(outcome.findings))

    def _undo_all(self, number: int) -> list[str]:
        """Undo in reverse. Earlier undos rest on later ones: the first that fails stops it, unless its step says
        that it may. Returns the titles of the steps that were left as they are."""
        positions = [position for position in range(number, -1, -1) if self._plan.steps[position].undo]
        for place, position in enumerate(positions):
            step = self._plan.steps[position]
            done = self._undo_step(step)
            if done.state is StepState.PASSED:
                self._records[position] = replace(self._records[position], state=StepState.ROLLED_BACK)
                self._undone.append(step.title)
                if self._acting.watched is not None and step.key == self._acting.watched.since:
                    self._look_at_once()
                continue
            self._records[position] = replace(self._records[position], state=StepState.ROLLBACK_FAILED)
            self._failed.append(f"{step.title!r} failed too: {message_of(done) or done.state}")
            if not step.undo_best_effort:
                return [self._plan.steps[left].title for left in positions[place + 1:]]
        return []

    def _look_at_once(self) -> None:
        """Users are back on what ran before: when did they get a clean answer? The verdict comes when all is undone."""
        if self._plan.rollback_check is None:
            return
        quick = replace(self._plan.rollback_check, success_threshold=1, deadline_s=QUICK_LOOK_S)
        self._show("", "looking from outside")
        with suppress(RunbookError):
            open_gate(quick, self._hands.ask, lambda look, found: self.looks.append((datetime.now(UTC), found)))

    def _undo_step(self, step: Step) -> ActionResult:
        self._journal.write("undo_started", key=step.key, title=step.title, does=[str(action) for action in step.undo])
        started = time.monotonic()
        evidence: list[str] = []
        done = ActionResult(StepState.PASSED)
        self._show(step.key, "undoing")
        try:
            for position, action in enumerate(step.undo, start=1):
                done = self._undo_action(action, step.key, f"{step.key}-undo-{position}", evidence)
                if done.state is not StepState.PASSED:
                    break
        except RunbookError as error:
            done = ActionResult(StepState.FAILED, message=error.what)
        state = StepState.ROLLED_BACK if done.state is StepState.PASSED else StepState.ROLLBACK_FAILED
        self.undone_at[step.key] = datetime.now(UTC)
        self._journal.write("undo_finished", key=step.key, title=step.title, state=state, exit_code=done.exit_code,
                            seconds=round(time.monotonic() - started, 3), evidence=evidence, message=message_of(done))
        return done

    def _undo_action(self, action: Action, key: str, name: str, evidence: list[str]) -> ActionResult:
        """One action; tried again while an engine that had gone away is starting its containers."""
        def show(tail: str) -> None:
            self._show(key, f"undoing\n{tail}")

        done, again = self._acting.act(action, name, evidence, show), 0
        while done.state in (StepState.FAILED, StepState.TIMED_OUT):
            self._wait_until_it_can_work()
            if time.monotonic() > self._settles_until:
                break
            again += 1
            time.sleep(SETTLE_PAUSE_S)
            done = self._acting.act(action, f"{name}-again-{again}", evidence, show)
        return done

    def _look_from_outside(self, what: str, where: str) -> None:
        """Undone is not yet well: raises RollbackFailed when what serves now does not pass."""
        gate = self._plan.rollback_check
        if gate is None:
            return
        self._show("", "looking from outside")
        try:
            done = self._acting.gate(gate, "after-the-rollback", [], lambda tail: self._show("", tail),
                                     lambda findings: self.looks.append((datetime.now(UTC), findings)))
        except (LinkDropped, HostUnreachable) as error:
            done = ActionResult(StepState.UNKNOWN, message=error.what)
        if done.state is not StepState.PASSED:
            raise self._lost(f"{what}\nEverything was undone ({self._count()}), but what serves now does "
                             f"not pass: {done.message}", where)

    @property
    def clean_at(self) -> datetime | None:
        """The first of the clean looks from outside that the rollback ended with."""
        first = None
        for at, findings in reversed(self.looks):
            if not findings or not all(one.verdict.acceptable for one in findings):
                break
            first = at
        return first

    def _verified(self) -> str:
        return " What ran before answers again, seen from outside." if self._plan.rollback_check is not None else ""

    def _lost(self, what: str, where: str) -> RollbackFailed:
        undone = f"Undone: {', '.join(self._undone)}." if self._undone else "Nothing was undone."
        return RollbackFailed(f"ROLLBACK FAILED, a person is needed now. {what}\n{undone}{self._state_now()}",
                              where=where, next_step=ROLLBACK_NEXT)

    def _state_now(self) -> str:
        """What the server says of itself, for the one who must go on by hand."""
        if self._plan.state is None:
            return ""
        with suppress(RunbookError):
            state = self._hands.ask(self._plan.state)
            self._journal.write("shown", title="State after the failed rollback", table=_rows(state), chart=[],
                                highlight=True)
            return "\nNow: " + "; ".join(f"{name}: {value}" for name, value in state.items()) + "."
        return "\nNow: the server could not be asked."


def _rows(state: object) -> object:
    from runbook_lib.report.values import table_record

    return table_record(state)
