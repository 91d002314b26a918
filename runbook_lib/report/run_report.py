"""What a run's journal tells, put in the order a reader asks: one pass over the events, no other source."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runbook_lib.archive import journal
from runbook_lib.archive.summary import RunSummary, summary_of_events
from runbook_lib.core.text import pluralize
from runbook_lib.report.labels import sentences, title_of

Event = dict[str, Any]
TROUBLE = ("failed", "timed out", "unknown", "aborted", "rollback failed")


@dataclass
class StepTold:
    """One step of the plan and what became of it."""

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
    undo_evidence: list[str] = field(default_factory=list)

    @property
    def in_trouble(self) -> bool:
        return self.state in TROUBLE


@dataclass
class Story:
    """Everything the reports show of a run."""

    run: RunSummary
    started: Event = field(default_factory=dict)
    finished: Event = field(default_factory=dict)
    target: Event = field(default_factory=dict)
    plan: Event = field(default_factory=dict)
    sealed: Event = field(default_factory=dict)
    steps: list[StepTold] = field(default_factory=list)
    findings: list[tuple[str, list[Event]]] = field(default_factory=list)
    shown: list[Event] = field(default_factory=list)
    facts: list[Event] = field(default_factory=list)
    errors: list[Event] = field(default_factory=list)
    cells: list[Event] = field(default_factory=list)
    moments: list[Event] = field(default_factory=list)
    torn_lines: int = 0

    @property
    def title(self) -> str:
        return title_of(self.run.notebook)

    @property
    def trouble(self) -> list[StepTold]:
        """Steps that did not end well, in the order they ran."""
        return [step for step in self.steps if step.in_trouble]

    @property
    def open_findings(self) -> list[Event]:
        """Findings that are neither passed nor not applied, gravest first."""
        order = {"failed": 0, "inconclusive": 1, "warning": 2}
        found = [one for _, group in self.findings for one in group if one.get("verdict") in order]
        return sorted(found, key=lambda one: order[str(one["verdict"])])

    @property
    def summary(self) -> str:
        """The run in one paragraph."""
        said = [line for line in str(self.run.summary).splitlines() if not line.startswith(("Where: ", "Next: "))]
        said = said[:2] if self.finished else ["The run has not finished."]
        told = sentences(said)
        return f"{told} {self._counts(told)}".strip()

    def _counts(self, said: str) -> str:
        """Steps and checks in figures; the checks not twice."""
        parts = []
        if self.steps:
            passed = sum(step.state == "passed" for step in self.steps)
            undone = sum(step.state == "rolled back" for step in self.steps)
            parts.append(f"{passed} of {len(self.steps)} steps passed" if any(step.at for step in self.steps)
                         else f"{pluralize(len(self.steps), 'step')} planned, none was run")
            if undone and "was undone" not in said:  # what the run said counts the failing step too
                parts.append(f"{undone} {'was' if undone == 1 else 'were'} undone")
        verdicts = [one.get("verdict") for _, group in self.findings for one in group
                    if one.get("verdict") != "not applied"]
        if verdicts and "checks" not in said:
            bad = len([verdict for verdict in verdicts if verdict in ("failed", "inconclusive")])
            parts.append(f"{verdicts.count('passed')} of {pluralize(len(verdicts), 'check')} passed"
                         + (f", {bad} did not" if bad else ""))
        return "; ".join(parts).capitalize() + "." if parts else ""


def tell(folder: str | os.PathLike[str]) -> Story:
    """The story of the run in `folder`."""
    return story_of(journal.read(folder), Path(folder))


def story_of(events: list[Event], folder: Path) -> Story:
    """The story of a run from its events."""
    story = Story(summary_of_events(events, folder))
    for event in events:
        _take_in(story, event)
    if story.finished:
        for step in story.steps:
            if step.state == "started":
                step.state = "unknown"
                step.message = step.message or "The run ended while this step was at work; look at the server."
    return story


def _take_in(story: Story, event: Event) -> None:
    match event["event"]:
        case "run_started":
            story.started = event
        case "run_finished":
            story.finished = event
        case "target":
            story.target = {name: value for name, value in event.items() if name not in STAMPS}
        case "sealed":
            story.sealed = event
        case "plan":
            story.plan = event
            story.steps = [_planned(step) for step in (event.get("plan") or {}).get("steps", [])]
        case "findings":
            _take_in_findings(story, event)
        case "fact" | "shown" | "error" | "cell":
            _shelf(story, event["event"]).append(event)
        case "confirmed" | "lock_taken" | "lock_released" | "lock_lost":
            story.moments.append(event)
        case "step_started" | "step_finished" | "undo_started" | "undo_finished":
            _take_in_step(story, event)
        case journal.UNREADABLE:
            story.torn_lines += 1


def _take_in_findings(story: Story, event: Event) -> None:
    """A check that is made again in the same stage replaces what it said before.

    After a plan that was not applied, a check that did not pass is no fault: what it looks for was never made.
    """
    stage, counts = str(event.get("stage") or "checks"), event.get("counts", True)
    rows = next((rows for name, rows in story.findings if name == stage), None)
    if rows is None:
        rows = []
        story.findings.append((stage, rows))
    for one in event.get("findings") or []:
        if not counts and one.get("verdict") != "passed":
            one = {**one, "verdict": "not applied", "next_step": ""}
        place = next((n for n, row in enumerate(rows) if row.get("check") == one.get("check")), len(rows))
        rows[place:place + 1] = [one]


def _shelf(story: Story, event: str) -> list[Event]:
    return {"fact": story.facts, "shown": story.shown, "error": story.errors, "cell": story.cells}[event]


STAMPS = ("seq", "at", "elapsed_s", "event", "link")


def _planned(step: Event) -> StepTold:
    return StepTold(key=str(step.get("key", "")), title=str(step.get("title") or step.get("key", "")),
                    host=str(step.get("host", "")), why=str(step.get("why", "")),
                    does=_commands(step, "does", "actions"), undoes=_commands(step, "undoes", "undo"))


def _commands(step: Event, words: str, described: str) -> list[str]:
    if step.get(words):
        return [str(line) for line in step[words]]
    return [_command(action) for action in step.get(described) or []]


def _command(action: Any) -> str:
    if isinstance(action, dict) and isinstance(action.get("command"), list):
        return " ".join(map(str, action["command"]))
    if isinstance(action, dict) and isinstance(action.get("pipeline"), list):
        return " | ".join(map(_command, action["pipeline"]))
    return str(action)


def _take_in_step(story: Story, event: Event) -> None:
    key = str(event.get("key", ""))
    step = next((known for known in story.steps if known.key == key), None)
    if step is None:
        step = StepTold(key, str(event.get("title") or key))
        story.steps.append(step)
    match event["event"]:
        case "step_started":
            step.title = str(event.get("title") or step.title)
            step.state, step.at, step.started_s = "started", str(event.get("at", "")), event.get("elapsed_s")
        case "step_finished":
            step.state = str(event.get("state") or "unknown")
            step.seconds, step.exit_code = event.get("seconds"), event.get("exit_code")
            step.message = str(event.get("message") or "")
            step.evidence += _files(event)
            if not step.at and step.state not in ("not run", "skipped"):
                step.at = str(event.get("at", ""))
        case "undo_started":
            step.undo_state = "started"
        case "undo_finished":
            step.undo_state = str(event.get("state") or "")
            if step.state == "passed" and step.undo_state == "rolled back":
                step.state = "rolled back"
            step.undo_evidence += _files(event)


def _files(event: Event) -> list[str]:
    named = event.get("evidence") or []
    return [named] if isinstance(named, str) else [str(name) for name in named]
