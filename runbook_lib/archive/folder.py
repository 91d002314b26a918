"""The folder of one run: outputs/<run id>-<notebook>/."""

from __future__ import annotations

import itertools
import os
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from runbook_lib.archive.files import disk_failure, write_atomically
from runbook_lib.archive.open_runs import note_opened
from runbook_lib.core.redaction import Redactor

RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
_NAME = re.compile(rf"({RUN_ID.pattern})(-.*)?", re.DOTALL)


@dataclass(frozen=True)
class RunFolder:
    """Where the evidence of one run lies. Usable wherever a path is."""

    run_id: str
    path: Path
    redactor: Redactor = field(default_factory=Redactor, compare=False, repr=False)

    def __fspath__(self) -> str:
        return str(self.path)

    def evidence(self, name: str, content: str | bytes) -> str:
        """Keep `content` as a file of its own; returns its path relative to the run's folder."""
        return self._keep("evidence", name, content)

    def chart(self, name: str, content: str | bytes) -> str:
        """Keep a chart (SVG text or PNG bytes); returns its path relative to the run's folder."""
        png = isinstance(content, bytes) and content.startswith(b"\x89PNG")
        stem = re.sub(r"\.(svg|png)$", "", name)
        return self._keep("charts", f"{stem}.{'png' if png else 'svg'}", content)

    def _keep(self, room: str, name: str, content: str | bytes) -> str:
        stem, dot, suffix = file_name(name).rpartition(".")
        stem, suffix = (stem, suffix) if dot and stem else (suffix, "txt")
        target, count = self.path / room / f"{stem}.{suffix}", 1
        while target.exists():  # a step that ran twice leaves both
            count += 1
            target = self.path / room / f"{stem}-{count}.{suffix}"
        write_atomically(target, self._clean(content))
        return f"{room}/{target.name}"

    def _clean(self, content: str | bytes) -> str | bytes:
        if isinstance(content, str):
            return self.redactor.text(content)
        try:
            return self.redactor.text(content.decode())
        except UnicodeDecodeError:
            return content


def file_name(text: str) -> str:
    """`text` as a plain file name: letters, digits, dot, dash, underscore; at most 80 characters."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:80] or "unnamed"


def new_run_id() -> str:
    """Sortable UTC time plus a random part, as in 20261122T160501Z-7f3a9c."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def new_run(notebook: str, outputs: Path | None = None, redactor: Redactor | None = None) -> RunFolder:
    """A fresh, empty run folder under `outputs` (the project's own when None). Raises RunFailed on a full disk."""
    where = outputs if outputs is not None else _project_outputs()
    run_id = new_run_id()
    path = where / f"{run_id}-{file_name(Path(notebook).stem)}"
    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise disk_failure(error, path) from error
    note_opened(path)
    return RunFolder(run_id, path, redactor or Redactor())


def run_id_of(name: str) -> str | None:
    """The run id in a folder's name, or None when it is not that of a run."""
    found = _NAME.fullmatch(name)
    return found.group(1) if found else None


def existing_run(path: Path) -> RunFolder | None:
    """The run folder at `path`, or None when its name is not that of one. A link to a folder is not one."""
    run_id = run_id_of(path.name)
    return RunFolder(run_id, path) if run_id and not path.is_symlink() and path.is_dir() else None


def run_folders(outputs: Path, newest: int | None = None, beginning: str = "") -> list[RunFolder]:
    """The run folders in an archive whose names begin so, oldest first: all, or the `newest` of them.

    Empty where there is no archive. Raises OSError where it cannot be read.
    """
    try:
        names = sorted((name for name in os.listdir(outputs) if name.startswith(beginning)), reverse=True)
    except FileNotFoundError:
        return []
    # names alone are cheap, so that the newest cost the same in an archive of any size
    found = (existing_run(outputs / name) for name in names)
    folders = list(itertools.islice((folder for folder in found if folder is not None), newest))
    return folders[::-1]


def _project_outputs() -> Path:
    from runbook_lib.environment import project

    return project.outputs()
