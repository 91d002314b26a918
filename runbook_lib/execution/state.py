"""What is true of one execution while it goes on. PlanExecutor alone changes it, by these methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from runbook_lib.core.errors import LockHeld
from runbook_lib.core.findings import Finding
from runbook_lib.core.plan import Plan, StepState
from runbook_lib.execution.actions import failure_message
from runbook_lib.execution.backend import ActionResult
from runbook_lib.execution.gate import GateProbe
from runbook_lib.execution.kept import KeptResult, is_kept, kept_results
from runbook_lib.execution.monitor import WatchOutcome
from runbook_lib.execution.records import Execution, StepRecord
from runbook_lib.execution.undo import UndoneStep


class ExecutionState:
    """The records of the steps, what a watch saw, what was undone, and whether the lock was lost."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.records = [StepRecord(step.key, step.title) for step in plan.steps]
        self.watched: WatchOutcome | None = None
        self.unresolved: tuple[Finding, ...] = ()
        self.lock_lost: LockHeld | None = None
        self.passed_at: dict[str, datetime] = {}
        self.undone: list[UndoneStep] = []
        self._outputs: dict[str, str] = {}
        self._probes: list[GateProbe] = []
        self._verification: ActionResult | None = None

    def finish_step(self, position: int, result: ActionResult, seconds: float) -> StepRecord:
        """Take in how a step ended, and what its actions saw. Returns the step's record."""
        record = replace(
            self.records[position], state=result.state, seconds=round(seconds, 3), exit_code=result.exit_code,
            message=failure_message(result), evidence=result.evidence,
        )
        self.records[position] = record
        self._outputs[record.key] = result.stdout
        self.watched = result.watched or self.watched
        self.unresolved += result.unresolved
        if isinstance(result.error, LockHeld):
            self.lock_lost = result.error
        if result.passed:
            self.passed_at[record.key] = datetime.now(UTC)
        return record

    def add_undone(self, undone: UndoneStep) -> None:
        """Take in how undoing one step ended."""
        self.undone.append(undone)
        self.records[undone.position] = replace(self.records[undone.position], state=undone.state)

    def add_check(self, probes: Sequence[GateProbe], verification: ActionResult | None = None) -> None:
        """Take in probes from outside after an undo, and the verdict of the last of them."""
        self._probes += probes
        self._verification = verification

    def restores_service(self, undone: UndoneStep) -> bool:
        """Whether undoing this step ended what the watch, or the gate with a trigger, was observing."""
        return undone.succeeded and self.watched is not None and undone.key == self.watched.since

    def is_irreversible(self, position: int) -> bool:
        """Whether a step before `position` has passed after which nothing is undone automatically."""
        return any(record.key == self._plan.point_of_no_return and record.state is StepState.PASSED
                   for record in self.records[:position])

    def left_as_is(self, position: int) -> tuple[str, ...]:
        """Titles of the steps up to `position` that were to be undone and were not, the latest first."""
        tried = {one.position for one in self.undone}
        tried |= {place for place in range(position) if is_kept(self._plan, place, position)}
        return tuple(self._plan.steps[place].title for place in range(position, -1, -1)
                     if self._plan.steps[place].undone_by and place not in tried)

    def kept(self, position: int) -> tuple[KeptResult, ...]:
        """What stays although the steps up to the one at `position`, which failed, are undone."""
        return kept_results(self._plan, position, self._outputs)

    @property
    def undone_at(self) -> dict[str, datetime]:
        """UTC time at which undoing each step ended, by the step's key."""
        return {one.key: one.at for one in self.undone}

    @property
    def recovered_at(self) -> datetime | None:
        """UTC time of the first of the clean probes that the rollback ended with; None when the last was not clean."""
        if self._verification is not None and self._verification.state is StepState.UNKNOWN:
            return None  # its probes had no link: the clean ones before them are not the end
        first = None
        for probe in reversed(self._probes):
            if not probe.findings or not all(one.verdict.acceptable for one in probe.findings):
                break
            first = probe.at
        return first

    def execution(self) -> Execution:
        """The whole, when every step has passed."""
        return Execution(self._plan, tuple(self.records), applied=True, findings=self.unresolved)
