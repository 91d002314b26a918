"""chain.jsonl read once: each run's line and the previous one, and every line that is not as a sealing writes it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from runbook_lib.archive.chain import FILE, Line, Link, chain_lines
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.text import printable

KEEP = "Keep the archive as it is, and compare its chain with a copy of it."


class ChainIndex:
    """The chain by the names of the runs' folders. `absent`: there is no chain at all."""

    def __init__(self, lines: Iterable[Line], *, absent: bool = False) -> None:
        self.absent = absent
        self.faults: list[Finding] = []
        self.links: list[Link] = []
        self._places: dict[str, int] = {}
        self._folders: dict[str, str] = {}
        waiting: Line | None = None
        for line in lines:
            if line.link is None:
                self._unreadable(waiting)
                waiting = line
                continue
            # a process of version 0.2.0 that was killed in a line left it, and the next one wrote it anew
            if waiting is not None and not (waiting.raw and line.raw.startswith(waiting.raw)):
                self._unreadable(waiting)
            waiting = None
            self._add(line, line.link)
        self._unreadable(waiting)

    def link_of(self, folder: str) -> Link | None:
        """The line of the run in this folder."""
        place = self._places.get(folder)
        return None if place is None else self.links[place]

    def predecessor_of(self, folder: str) -> Link | None:
        """The line before the line of the run in this folder."""
        place = self._places.get(folder)
        return self.links[place - 1] if place else None

    def folder_with(self, manifest_sha256: str) -> str | None:
        """The folder whose manifest has this hash, where the chain lists one."""
        return self._folders.get(manifest_sha256)

    def _add(self, line: Line, link: Link) -> None:
        known = self._places.setdefault(link["folder"], len(self.links))
        if known < len(self.links):
            self.faults.append(_fault(line, f"{printable(link['run_id'])} is listed twice", "one line a run"))
            return
        self._folders.setdefault(link["manifest_sha256"], link["folder"])
        self.links.append(link)

    def _unreadable(self, line: Line | None) -> None:
        if line is None:
            return
        if line.torn:
            self.faults.append(Finding(
                "chain", Verdict.WARNING, f"line {line.number} is torn", "a whole line",
                "A process was killed while it sealed a run; the next sealing removes the half line."))
        else:
            self.faults.append(_fault(line, "is not a line of a chain", "a line that a sealing wrote"))


def read_chain(outputs: Path) -> ChainIndex:
    """The chain of an archive. Raises OSError where it is there and cannot be read."""
    lines = chain_lines(outputs)
    return ChainIndex(lines, absent=not lines and not (outputs / FILE).exists())


def _fault(line: Line, measured: str, expected: str) -> Finding:
    return Finding("chain", Verdict.FAILED, f"line {line.number}: {measured}", expected, KEEP)
