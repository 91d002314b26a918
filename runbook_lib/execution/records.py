"""How a plan ended: a record a step, and the whole."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from runbook_lib.core.findings import Finding
from runbook_lib.core.plan import Plan, StepState

_MARKS = {
    StepState.PASSED: "✔", StepState.FAILED: "✘", StepState.TIMED_OUT: "✘", StepState.ABORTED: "■",
    StepState.UNKNOWN: "?", StepState.ROLLED_BACK: "↺", StepState.ROLLBACK_FAILED: "✘",
}


@dataclass(frozen=True)
class StepRecord:
    """How one step ended. `exit_code` is None where no command ended."""

    key: str
    title: str
    state: StepState = StepState.NOT_RUN
    seconds: float = 0.0
    exit_code: int | None = None
    message: str = ""
    evidence: tuple[str, ...] = ()

    def __str__(self) -> str:
        took = f" ({self.seconds:.1f} s)" if self.state is not StepState.NOT_RUN else ""
        return f"{_MARKS.get(self.state, '·')} {self.title}: {self.state}{took}"


@dataclass(frozen=True)
class Execution:
    """A plan and how its steps ended. `applied` is False in plan mode: then nothing was changed.

    `findings` are what a watch left unresolved: the steps passed, but not everything was seen.
    """

    plan: Plan
    steps: tuple[StepRecord, ...]
    applied: bool
    findings: tuple[Finding, ...] = ()

    def __str__(self) -> str:
        if not self.plan.steps:
            return f"Nothing to do: {self.plan.reason}"
        if not self.applied:
            return f"Not applied: mode is \"plan\", nothing was changed (plan {self.plan.hash})."
        return "\n".join(str(step) for step in self.steps)

    def html(self) -> str:
        """One sentence, escaped: the table of the steps stands above it already."""
        if not self.plan.steps or not self.applied:
            return f"<p>{escape(str(self))}</p>"
        passed = sum(step.state is StepState.PASSED for step in self.steps)
        seconds = sum(step.seconds for step in self.steps)
        return f"<p>{passed} of {len(self.steps)} steps passed, in {seconds:.1f} s.</p>"


def steps_html(steps: tuple[StepRecord, ...], running: str = "", tail: str = "") -> str:
    """The table of steps; `running` is the key of the one in progress, `tail` the last lines of its output."""
    from runbook_lib.report.tables import steps_table

    place = next((place for place, step in enumerate(steps) if step.key == running), -1)
    return steps_table(((step.title, step.state, step.seconds, step.message) for step in steps), place, tail)
