"""Steps as rows: state, place in time, and the last lines of a failed step's output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runbook_lib.core.text import printable
from runbook_lib.report.badges import badge_of
from runbook_lib.report.evidence import file_row
from runbook_lib.report.labels import block, tail
from runbook_lib.report.run_report import StepReport

TAIL_BYTES = 20_000
GATE_SUFFIX = "-gate.txt"  # the checks of a gate stand below its step, as a table


def step_row(step: StepReport, number: int, folder: Path, span: tuple[float, float]) -> dict[str, Any]:
    """One step as the template shows it. `bar` is start and length in percent of `span`."""
    start, length = span
    bar = None
    if step.started_s is not None and length > 0:
        left = 100 * (step.started_s - start) / length
        bar = (round(left, 2), round(min(100 * (step.seconds or 0.0) / length, 100 - left), 2))
    return {
        "number": number, "title": printable(step.title), "host": printable(step.host), "badge": badge_of(step.state),
        "message": block(step.message, 4000), "seconds": step.seconds, "exit_code": step.exit_code, "at": step.at,
        "undo_state": printable(step.undo_state), "undo_message": block(step.undo_message, 4000),
        "undo_note": _undo_note(step), "kept": printable(step.kept), "failed": step.failed, "bar": bar,
        "tail": _tail(step, folder) if step.failed else "",
        "files": [file_row(folder, name) for name in (*step.evidence, *step.undo_evidence)
                  if (folder / name).is_file()],
    }


def _undo_note(step: StepReport) -> str:
    """What happened to the step afterwards, for the table of steps; empty where nothing was undone."""
    undone = _undo_ended(step)
    kept = printable(step.kept)
    if not kept:
        return undone
    return f"{undone[:-1]}; {kept}." if undone else f"{kept[0].upper()}{kept[1:]}."


def _undo_ended(step: StepReport) -> str:
    if not step.undo_state:
        return ""
    if step.undo_state == "rolled back":
        return "Passed, then undone." if step.state == "rolled back" else "Undone."
    return "Passed; its undo failed." if step.state == "rollback failed" else f"Undo: {printable(step.undo_state)}."


def duration_of(steps: list[StepReport]) -> tuple[float, float]:
    """Start and length in seconds of the time in which steps ran."""
    ran = [(step.started_s, step.started_s + (step.seconds or 0.0)) for step in steps if step.started_s is not None]
    if not ran:
        return 0.0, 0.0
    start = min(begin for begin, _ in ran)
    return start, max(end for _, end in ran) - start


def _tail(step: StepReport, folder: Path) -> str:
    """The last lines of the action that failed, its error stream first; else those of an undo that failed."""
    undo = [] if step.undo_state in ("", "rolled back") else step.undo_evidence
    # evidence is listed in the order of the actions, output before error output: the last one is the cause
    sources = (undo,) if step.state == "rollback failed" else (step.evidence, undo)
    # a picture of a page is evidence too, and no text
    texts = (name for files in sources for name in reversed(files) if name.endswith(".txt"))
    for name in (name for name in texts if not name.endswith(GATE_SUFFIX)):
        path = (folder / name).resolve()
        if path.is_file() and path.is_relative_to(folder) and path.stat().st_size:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - TAIL_BYTES))
                text = tail(file.read().decode("utf-8", "replace"))
            if text.strip():
                return text
    return ""
