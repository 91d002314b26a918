"""What the reports show of a run, in the order in which a reader asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runbook_lib.archive.summary import RunSummary
from runbook_lib.core.messages import NOTIFIED
from runbook_lib.core.text import pluralize, printable
from runbook_lib.report.labels import sentences, title_of

Event = dict[str, Any]
OF_STEPS = ("gate: ", "watch: ", "under the lock", "before undoing: ")  # stages whose checks steps have made
LONGEST_HEADLINE = 90  # characters
OF_A_GATE = "gate"  # a highlight that no cell has shown
FAILURES = ("failed", "timed out", "unknown", "aborted", "rollback failed")
# findings that a reader must see, worst first
_SEVERITY = {"failed": 0, "inconclusive": 1, "warning": 2}


@dataclass
class StepReport:
    """One step of the plan and its outcome. Times are seconds since the run's start; `at` is ISO text."""

    key: str
    title: str
    state: str = "not run"
    host: str = ""
    why: str = ""
    does: list[str] = field(default_factory=list)
    undoes: list[str] = field(default_factory=list)
    started_s: float | None = None
    at: str = ""
    seconds: float | None = None
    exit_code: int | None = None
    message: str = ""
    evidence: list[str] = field(default_factory=list)
    undo_state: str = ""
    undo_message: str = ""
    undo_evidence: list[str] = field(default_factory=list)
    kept: str = ""

    @property
    def failed(self) -> bool:
        """Whether the step ended in any way but passed, rolled back, skipped or not run."""
        return self.state in FAILURES


@dataclass
class RunReport:
    """Everything the reports show of a run."""

    run: RunSummary
    started: Event = field(default_factory=dict)
    finished: Event = field(default_factory=dict)
    target: Event = field(default_factory=dict)
    plan: Event = field(default_factory=dict)
    sealed: Event = field(default_factory=dict)
    steps: list[StepReport] = field(default_factory=list)
    findings: list[tuple[str, list[Event]]] = field(default_factory=list)
    shown: list[Event] = field(default_factory=list)
    facts: list[Event] = field(default_factory=list)
    errors: list[Event] = field(default_factory=list)
    cells: list[Event] = field(default_factory=list)
    moments: list[Event] = field(default_factory=list)
    torn_lines: int = 0

    @property
    def title(self) -> str:
        """The notebook's name as a title."""
        return title_of(self.run.notebook)

    @property
    def failed_steps(self) -> list[StepReport]:
        """Failed steps, in the order in which they ran."""
        return [step for step in self.steps if step.failed]

    @property
    def first_step_s(self) -> float | None:
        """Seconds from the run's start to its first step; None where none was begun."""
        return min((step.started_s for step in self.steps if step.started_s is not None), default=None)

    @property
    def open_findings(self) -> list[Event]:
        """Findings that are neither passed nor not applied, worst first."""
        found = [one for _, group in self.findings for one in group if one.get("verdict") in _SEVERITY]
        return sorted(found, key=lambda one: _SEVERITY[str(one["verdict"])])

    @property
    def summary(self) -> str:
        """How the run ended, in one paragraph; what its checks measured stands with them."""
        if not self.finished:
            return "The run has not finished."
        checks = tuple(f"{one.get('check')}: " for one in self.open_findings)
        first, *rest = self.run.summary.splitlines()[:2] or [""]
        return sentences([first, *(line for line in rest if not line.startswith(checks))])

    @property
    def planned(self) -> str:
        """`deploy v3.1.0 on staging`: what the last plan was about; empty where none was made."""
        plan = self.plan.get("plan") or {}
        return " on ".join(printable(plan[name]) for name in ("name", "target") if plan.get(name))

    @property
    def headlines(self) -> list[tuple[str, str]]:
        """What the run measured in a few words, as title and text: `Outage for users`, `18.9 s, 3 requests failed`."""
        return [(printable(one.get("title") or ""), printable(one["text"])) for one in self.shown if _is_headline(one)]

    @property
    def highlights(self) -> list[dict[str, Any]]:
        """The answers that a reader came for, without what a gate or a watch measured in few words: the head has it."""
        return [one for one in self.shown
                if one.get("highlight") and not (one["highlight"] == OF_A_GATE and _is_headline(one))]

    @property
    def writes(self) -> str:
        """What the run's questions wrote although nothing was to be changed; empty as a rule."""
        return "; ".join(dict.fromkeys(str(fact["writes"]) for fact in self.facts if fact.get("writes")))

    @property
    def steps_in_figures(self) -> str:
        """`3 of 8 passed, 2 undone`; empty where no step was planned."""
        if not self.steps:
            return ""
        if not any(step.at for step in self.steps):
            return f"{len(self.steps)} planned, none run"
        passed = sum(step.state == "passed" for step in self.steps)
        undone = sum(step.undo_state == "rolled back" for step in self.steps)
        return f"{passed} of {len(self.steps)} passed" + (f", {undone} undone" if undone else "")

    @property
    def checks_in_figures(self) -> str:
        """`11 of 12 passed, 1 warning`: the checks that the verdict's sentence counts; empty where nothing was checked.

        What a gate or a watch could not find out, and went on without, is among them, and what it warns of.
        """
        own = [one for stage, group in self.findings if not _is_apart(stage) for one in group]
        left = {one.get("check"): one for stage, group in self.findings if stage.startswith(OF_STEPS)
                for one in group if one.get("verdict") in ("inconclusive", "warning")}
        return _in_figures([*own, *left.values()])

    @property
    def checks_of_steps_in_figures(self) -> str:
        """Those that steps made: of gates and watches, under the lock, before an undo. Empty where there are none."""
        return _in_figures([one for stage, group in self.findings if stage.startswith(OF_STEPS) for one in group])

    @property
    def notified_in_figures(self) -> str:
        """Those of the team's notifications, which a run's end is the subject of; empty where there are none."""
        return _in_figures([one for stage, group in self.findings if stage == NOTIFIED for one in group])


def _is_apart(stage: str) -> bool:
    return stage == NOTIFIED or stage.startswith(OF_STEPS)


def _in_figures(findings: list[Event]) -> str:
    """`11 of 12 passed, 1 warning`. Checks of a plan that was not applied are not among them; those that are not
    applicable are named apart, for nothing was checked."""
    verdicts = [str(one.get("verdict")) for one in findings if one.get("verdict") != "not applied"]
    absent = verdicts.count("not applicable")
    verdicts = [verdict for verdict in verdicts if verdict != "not applicable"]
    apart = [f"{absent} not applicable"] if absent else []
    if not verdicts:
        return ", ".join(apart)
    others = [pluralize(verdicts.count(one), one) if one == "warning" else f"{verdicts.count(one)} {one}"
              for one in _SEVERITY if one in verdicts]
    return ", ".join([f"{verdicts.count('passed')} of {len(verdicts)} passed", *others, *apart])


def _is_headline(shown: Event) -> bool:
    """Whether it is a few words alone."""
    return (shown.get("highlight") in (True, OF_A_GATE) and bool(shown.get("text")) and not shown.get("chart")
            and len(str(shown["text"])) <= LONGEST_HEADLINE)
