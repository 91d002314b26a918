"""What lies in a folder, name by name and kind by kind: also what no process of ours would make."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from runbook_lib.archive.files import kind_of

FILE = "a file"
EMPTY = "an empty folder"
UNREADABLE = "unreadable"


def inventory(folder: Path) -> dict[str, str]:
    """Every entry below `folder` by its relative name: "a file", "a link", "a pipe", …; of folders, the empty ones.

    Links are never followed. A folder that cannot be opened is "unreadable".
    """
    return dict(sorted(_entries(str(folder), "")))


def _entries(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    # os.scandir, not Path.rglob: an archive has a hundred thousand entries, and rglob asks twice about each
    with os.scandir(folder) as found:
        for entry in found:
            name = prefix + entry.name
            if entry.is_file(follow_symlinks=False):
                yield name, FILE
            elif entry.is_dir(follow_symlinks=False):
                yield from _folder(entry, name)
            else:
                yield name, kind_of(entry.stat(follow_symlinks=False).st_mode)


def _folder(entry: os.DirEntry[str], name: str) -> list[tuple[str, str]]:
    try:
        return list(_entries(entry.path, f"{name}/")) or [(name, EMPTY)]
    except OSError:
        return [(name, UNREADABLE)]
