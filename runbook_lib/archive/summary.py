"""One line about a run: for the index, the command line and the manifest."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from runbook_lib.archive import journal
from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.earlier_words import summary_in_current_words
from runbook_lib.archive.folder import RUN_ID, run_folders
from runbook_lib.archive.records import truncate


@dataclass(frozen=True)
class RunSummary:
    """A run in one line. `verdict` is empty while the run is open; `seconds` is None when its end is not known;
    `where` and `next_step` are those of the error that ended it."""

    run_id: str
    path: Path
    notebook: str
    environment: str
    mode: str
    operator: str
    reason: str
    started_at: str
    seconds: float | None
    verdict: str
    state: str
    exit_code: int | None
    summary: str
    where: str = ""
    next_step: str = ""
    sealed: bool = False

    def record(self) -> dict[str, Any]:
        """Everything but where it lies, for the manifest."""
        fields = dataclasses.asdict(self)
        return {name: value for name, value in fields.items() if name not in ("path", "sealed", "run_id")}


def list_runs(outputs: Path) -> list[RunSummary]:
    """Every run in an archive, newest first; open and damaged ones included."""
    runs = [summary_of(folder.path) for folder in run_folders(Path(outputs).resolve())]
    return sorted(runs, key=lambda run: (run.started_at, run.run_id), reverse=True)


def summary_of(path: Path) -> RunSummary:
    """One run: from its manifest when it is sealed, else from its journal."""
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
        run = summary_in_current_words(manifest["run"])
        return RunSummary(run_id=str(manifest["run_id"]), path=path, sealed=True, **run)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return summary_of_events(journal.read(path), path)


def summary_of_events(events: list[dict[str, Any]], path: Path) -> RunSummary:
    """One run from its journal."""
    started: dict[str, Any] = next((event for event in events if event["event"] == "run_started"), {})
    finished: dict[str, Any] = next((event for event in reversed(events) if event["event"] == "run_finished"), {})
    found = RUN_ID.match(path.name)
    run_id = found.group() if found else str(started.get("run_id", path.name))
    parameters = started.get("parameters") or {}
    return RunSummary(
        run_id=run_id,
        path=path,
        notebook=str(started.get("notebook") or path.name.removeprefix(run_id).lstrip("-")),
        environment=str(started.get("environment") or ""),
        mode=str(started.get("mode") or ""),
        operator=str(started.get("operator") or ""),
        reason=str(started.get("reason") or parameters.get("reason") or ""),
        started_at=str(started.get("at") or run_started_at(run_id)),
        seconds=finished.get("seconds", finished.get("elapsed_s")),
        verdict=str(finished.get("verdict") or ""),
        state=str(finished.get("state") or ("" if finished else "open")),
        exit_code=finished.get("exit_code"),
        summary=truncate(str(finished.get("summary") or ""), 1000),
        where=str(finished.get("where") or ""),
        next_step=str(finished.get("next_step") or ""),
    )


def run_started_at(run_id: str) -> str:
    """The time inside a run id as ISO text, empty when there is none."""
    try:
        return datetime.strptime(run_id[:16], "%Y%m%dT%H%M%SZ").strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return ""
