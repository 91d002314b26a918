"""A run's journal as a RunReport: one pass over the events, no other source."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from runbook_lib.archive import journal
from runbook_lib.archive.summary import summary_of_events
from runbook_lib.report.run_report import Event, RunReport, StepReport

STAMPS = ("seq", "at", "elapsed_s", "event", "link")  # in every event, written by the journal itself
ENDED_DURING_STEP = "The run ended during this step. Check the server."


def load(folder: str | os.PathLike[str]) -> RunReport:
    """The report of the run in `folder`."""
    return report_of(journal.read(folder), Path(folder))


def report_of(events: list[Event], folder: Path) -> RunReport:
    """The report of a run from its events."""
    report = RunReport(summary_of_events(events, folder))
    for event in events:
        _apply_event(report, event)
    if report.finished:
        for step in report.steps:
            # a killed run writes no end of its step: the server alone knows it
            if step.state == "started":
                step.state = "unknown"
                step.message = step.message or ENDED_DURING_STEP
    return report


def _apply_event(report: RunReport, event: Event) -> None:
    match event["event"]:
        case "run_started":
            report.started = event
        case "run_finished":
            report.finished = event
        case "target":
            report.target = {name: value for name, value in event.items() if name not in STAMPS}
        case "sealed":
            report.sealed = event
        case "plan":
            report.plan = event
            report.steps = [_planned(step) for step in (event.get("plan") or {}).get("steps", [])]
        case "findings":
            _apply_findings(report, event)
        case "fact" | "shown" | "error" | "cell":
            _section_for(report, event["event"]).append(event)
        case "confirmed" | "lock_held" | "lock_taken" | "lock_released" | "lock_lost" | "set_aside":
            report.moments.append(event)
        case "step_started" | "step_finished" | "step_kept" | "undo_started" | "undo_finished":
            _apply_step(report, event)
        case journal.UNREADABLE:
            report.torn_lines += 1


def _section_for(report: RunReport, event: str) -> list[Event]:
    return {"fact": report.facts, "shown": report.shown, "error": report.errors, "cell": report.cells}[event]


def _apply_findings(report: RunReport, event: Event) -> None:
    """A check that is repeated in the same stage replaces its earlier result.

    Findings that do not count belong to a plan that was not applied: the effect that they look for was never made.
    """
    stage, counts = str(event.get("stage") or "checks"), event.get("counts", True)
    rows = next((rows for name, rows in report.findings if name == stage), None)
    if rows is None:
        rows = []
        report.findings.append((stage, rows))
    for one in event.get("findings") or []:
        one = as_counted(one, counts)
        position = next((n for n, row in enumerate(rows) if row.get("check") == one.get("check")), len(rows))
        rows[position:position + 1] = [one]


def as_counted(finding: Event, counts: bool) -> Event:
    """A finding as it is shown: one that does not count and did not pass is not applied, and needs no next step."""
    return finding if counts or finding.get("verdict") == "passed" else {**finding, "verdict": "not applied",
                                                                         "next_step": ""}


def _planned(step: Event) -> StepReport:
    return StepReport(key=str(step.get("key", "")), title=str(step.get("title") or step.get("key", "")),
                      host=str(step.get("host", "")), why=str(step.get("why", "")),
                      does=_commands(step, "does", "actions"), undoes=_commands(step, "undoes", "undo"))


def _commands(step: Event, texts: str, described: str) -> list[str]:
    """The commands as texts; where a plan has only the described actions, texts made of those."""
    if step.get(texts) is not None:
        return [str(line) for line in step[texts]]
    return [_command(action) for action in step.get(described) or []]


def _command(action: Any) -> str:
    if isinstance(action, dict) and isinstance(action.get("command"), list):
        return " ".join(map(str, action["command"]))
    if isinstance(action, dict) and isinstance(action.get("pipeline"), list):
        return " | ".join(map(_command, action["pipeline"]))
    return str(action)


def _apply_step(report: RunReport, event: Event) -> None:
    key = str(event.get("key", ""))
    step = next((known for known in report.steps if known.key == key), None)
    if step is None:
        step = StepReport(key, str(event.get("title") or key))
        report.steps.append(step)
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
        case "step_kept":
            stays = "kept" if event.get("certain", True) else "may have stayed"
            step.kept = f"{stays}: {event.get('what') or ''}"
        case "undo_started":
            step.undo_state = "started"
        case "undo_finished":
            if event.get("more") and event.get("state") == "rolled back":
                step.undo_evidence += _files(event)
                return  # its files are back, and its services are still to follow
            step.undo_state = str(event.get("state") or "")
            step.undo_message = str(event.get("message") or "")
            # a failed step stays failed when it was undone: readers look for the reason first
            if step.state in ("passed", "rolled back") and step.undo_state in ("rolled back", "rollback failed"):
                step.state = step.undo_state
            step.undo_evidence += _files(event)


def _files(event: Event) -> list[str]:
    named = event.get("evidence") or []
    return [named] if isinstance(named, str) else [str(name) for name in named]
