"""What earlier runs of a runbook have kept under one name: for comparisons with the last time, and for a trend."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from runbook_lib.archive.folder import run_folders
from runbook_lib.archive.summary import summary_of
from runbook_lib.core.errors import Inconclusive
from runbook_lib.core.times import parse_time
from runbook_lib.environment import project

MOST_READ = 200  # runs of the runbook, the newest: an archive may hold thousands
LONGEST = 20_000_000  # characters of a file that is read back


def earlier_evidence(notebook: str, environment: str, name: str,
                     newest: int = 50) -> tuple[tuple[datetime, str, str], ...]:
    """(start in UTC, run id, text) of the newest sealed, applied runs on that environment that kept a file so named.

    A run that is in progress, in plan mode, or without the file is left out. Raises Inconclusive where the archive's
    folder cannot be read.
    """
    try:
        folders = [one.path for one in reversed(run_folders(project.outputs()))]
    except OSError as error:
        raise Inconclusive(f"The archive cannot be read: {error.strerror or error}.", where=str(project.outputs()),
                           next_step="Ask its owner for access, or set RUNBOOK_OUTPUTS to another folder.") from error
    found: list[tuple[datetime, str, str]] = []
    for path in islice((one for one in folders if one.name.endswith(f"-{notebook}")), MOST_READ):
        run, file = summary_of(path), path / "evidence" / name
        if run.environment != environment or run.mode == "plan" or not run.verdict or not file.is_file():
            continue
        try:
            found.append((parse_time(run.started_at), run.run_id, file.read_text(encoding="utf-8")[:LONGEST]))
        except (OSError, ValueError):
            continue  # one damaged run hides no other: verification reports it
        if len(found) == newest:
            break
    return tuple(found)
