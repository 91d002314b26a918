"""One line about a run: for the index, the command line and the manifest."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from runbook_lib.archive import journal
from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.earlier_words import summary_in_current_words
from runbook_lib.archive.files import read_file
from runbook_lib.archive.folder import RunFolder, run_folders, run_id_of
from runbook_lib.archive.inventory import UNREADABLE
from runbook_lib.archive.records import truncate
from runbook_lib.core.errors import Inconclusive
from runbook_lib.core.foreign_json import read_json


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


def list_runs(outputs: Path, newest: int | None = None, beginning: str = "") -> list[RunSummary]:
    """The runs in an archive whose ids begin so, newest first, open and damaged ones included: all, or the `newest`.

    Raises Inconclusive where the archive's folder cannot be read.
    """
    return [summary_of(folder.path) for folder in reversed(readable_folders(outputs, newest, beginning))]


def readable_folders(outputs: Path, newest: int | None = None, beginning: str = "") -> list[RunFolder]:
    """As `run_folders`, oldest first. Raises Inconclusive where the archive's folder cannot be read."""
    try:
        return run_folders(Path(outputs).resolve(), newest, beginning)
    except OSError as error:
        raise Inconclusive(f"The archive cannot be read: {error.strerror or error}.", where=str(outputs),
                           next_step="Ask its owner for access, or set RUNBOOK_OUTPUTS to another folder.") from error


def summary_of(path: Path) -> RunSummary:
    """One run: from its manifest when it is sealed, else from its journal; in the state `unreadable` from neither."""
    try:
        manifest = read_json(read_file(path / MANIFEST), strict=False)
        return _typed(summary_in_current_words(manifest["run"]), str(manifest["run_id"]), path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    try:
        return summary_of_events(journal.read(path), path)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return replace(summary_of_events([], path), state=UNREADABLE, summary=f"The journal is unreadable: {reason}.")


def _typed(run: dict[str, Any], run_id: str, path: Path) -> RunSummary:
    """The summary in a manifest. A field of another type than ours is that of other programs: TypeError."""
    expected = {field.name: field.type for field in dataclasses.fields(RunSummary)}
    for name, value in run.items():
        if expected.get(name) == "str" and not isinstance(value, str):
            raise TypeError(f"{name} is not a text")
        if "None" in str(expected.get(name)) and not isinstance(value, int | float | None):
            raise TypeError(f"{name} is not a number")
    return RunSummary(run_id=run_id, path=path, sealed=True, **run)


def summary_of_events(events: list[dict[str, Any]], path: Path) -> RunSummary:
    """One run from its journal."""
    started: dict[str, Any] = next((event for event in events if event["event"] == "run_started"), {})
    finished: dict[str, Any] = next((event for event in reversed(events) if event["event"] == "run_finished"), {})
    run_id = run_id_of(path.name) or str(started.get("run_id", path.name))
    parameters = started.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    seconds, exit_code = finished.get("seconds", finished.get("elapsed_s")), finished.get("exit_code")
    return RunSummary(
        run_id=run_id,
        path=path,
        notebook=str(started.get("notebook") or path.name.removeprefix(run_id).lstrip("-")),
        environment=str(started.get("environment") or ""),
        mode=str(started.get("mode") or ""),
        operator=str(started.get("operator") or ""),
        reason=str(started.get("reason") or parameters.get("reason") or ""),
        started_at=str(started.get("at") or run_started_at(run_id)),
        seconds=seconds if isinstance(seconds, int | float) else None,
        verdict=str(finished.get("verdict") or ""),
        state=str(finished.get("state") or ("" if finished else "open")),
        exit_code=exit_code if isinstance(exit_code, int) else None,
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
