"""What became of a plan: a record a step, and the whole."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from runbook_lib.plan import Plan, StepState

_MARKS = {
    StepState.PASSED: "✔", StepState.FAILED: "✘", StepState.TIMED_OUT: "✘", StepState.ABORTED: "■",
    StepState.UNKNOWN: "?", StepState.ROLLED_BACK: "↺", StepState.ROLLBACK_FAILED: "✘",
}


@dataclass(frozen=True)
class StepRecord:
    """The truth about one step. `exit_code` is None where no command ended."""

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
    """A plan and what became of its steps. `applied` is False in plan mode: then nothing was changed."""

    plan: Plan
    steps: tuple[StepRecord, ...]
    applied: bool

    def __str__(self) -> str:
        if not self.plan.steps:
            return f"Nothing to be done: {self.plan.reason}"
        if not self.applied:
            return f"Not applied: mode is \"plan\", nothing was changed (plan {self.plan.hash})."
        return "\n".join(str(step) for step in self.steps)

    def html(self) -> str:
        """A table of the steps, escaped; what a cell shows while it works and afterwards."""
        if not self.plan.steps or not self.applied:
            return f"<p>{escape(str(self))}</p>"
        return steps_html(self.steps)


def steps_html(steps: tuple[StepRecord, ...], running: str = "", tail: str = "") -> str:
    """The table of steps; `running` is the key of the one at work, `tail` the last lines of its output."""
    rows = []
    for number, step in enumerate(steps, start=1):
        at_work = step.key == running
        state = "… running" if at_work else f"{_MARKS.get(step.state, '·')} {step.state}"
        took = f"{step.seconds:.1f} s" if step.seconds and not at_work else ""
        cells = (str(number), escape(step.title), state, took, escape(step.message))
        rows.append("<tr>" + "".join(f'<td style="text-align:left;vertical-align:top">{cell}</td>' for cell in cells)
                    + "</tr>")
    head = "".join(f'<th style="text-align:left">{word}</th>' for word in ("", "step", "state", "took", ""))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return table + (f"<pre>{escape(tail)}</pre>" if tail else "")
