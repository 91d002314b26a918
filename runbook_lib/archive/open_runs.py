"""Which runs are open: one empty file each in outputs/.open, from the opening of a run until it is sealed.

So the next start finds what a killed process left without searching the archive, and seals only what was opened
here: a folder that was copied or planted has no such file.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from runbook_lib.archive.files import disk_failure

FOLDER = ".open"
RESERVE = ".reserve"
RESERVE_BYTES = 8 * 1024 * 1024  # what sealing writes at its end: notebook, report and manifest of a long run


def note_opened(folder: Path) -> None:
    """Record that the run in `folder` is open. Raises RunFailed where the disk refuses."""
    mark = _mark(folder)
    try:
        if not mark.parent.is_dir():
            mark.parent.mkdir(exist_ok=True)
            mark.parent.chmod(folder.parent.stat().st_mode & 0o1777)  # for all who may add runs
        mark.touch()
    except OSError as error:
        raise disk_failure(error, mark) from error


def note_sealed(folder: Path) -> None:
    """Record that the run in `folder` is open no more."""
    with contextlib.suppress(OSError):  # left behind, it costs the next start a moment
        _mark(folder).unlink(missing_ok=True)


def is_noted(folder: Path) -> bool:
    """Whether the run in `folder` was opened here and is not sealed yet."""
    return _mark(folder).is_file()


def noted_runs(outputs: Path) -> list[Path]:
    """The folders of the runs that were opened and not sealed, oldest first. They may be gone."""
    try:
        return [outputs / name for name in sorted(os.listdir(outputs / FOLDER)) if not name.startswith(".")]
    except OSError:
        return []


def reserve_space(folder: Path) -> None:
    """Set disk space aside that only sealing uses, so that a disk that fills up during the run does not stop it.

    Raises RunFailed where there is not so much.
    """
    path = folder / RESERVE
    try:
        with path.open("xb") as file:
            os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
    except OSError as error:
        release_space(folder)
        raise disk_failure(error, path) from error


def release_space(folder: Path) -> None:
    """Give the space back that was set aside for sealing."""
    with contextlib.suppress(OSError):
        (folder / RESERVE).unlink(missing_ok=True)


def _mark(folder: Path) -> Path:
    return folder.parent / FOLDER / folder.name
