"""The chain over runs: each manifest names its predecessor's hash, and chain.jsonl lists them all in order.

Tamper-evident, never tamper-proof: who can rewrite the whole archive can rewrite the chain. A copy of its last
line kept elsewhere (a CI log, the server) shows that, and a chain cut short.

The chain's line is what seals a run. It is written after the manifest is on the disk under a name of its own, and
before it gets its real name: so a process that dies in between leaves a manifest that the chain attests and the
next sealing puts in place, and a manifest without its line was never written by a sealing.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from runbook_lib.archive.files import (
    disk_failure,
    exclusive_lock,
    open_file,
    read_file,
    sha256_of,
    sync_folder,
    write_atomically,
)
from runbook_lib.core.foreign_json import read_json

FILE = "chain.jsonl"
LOCK = ".chain.lock"
MANIFEST = "manifest.json"
PENDING = "manifest.json.pending"  # sealed once the chain has its hash
TAIL_BYTES = 65_536  # hundreds of lines: what a sealing reads, however long the chain is
Link = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of chain.jsonl: its number from 1, its bytes, and the link in it; None where it holds none."""

    number: int
    raw: bytes
    link: Link | None
    torn: bool = False


@contextlib.contextmanager
def chain_of(outputs: Path) -> Iterator[Link | None]:
    """The last link of an archive, while no other process may add one. Finishes a sealing that was interrupted."""
    with exclusive_lock(outputs / LOCK):
        try:
            last = last_link(outputs)
        except OSError as error:
            raise disk_failure(error, outputs / FILE) from error
        if last is not None:
            with contextlib.suppress(OSError):  # another user's, or gone: verification shows it
                put_in_place(outputs / Path(str(last["folder"])).name, last)
        yield last


def chain_lines(outputs: Path) -> list[Line]:
    """All lines of chain.jsonl in order. Raises OSError where it cannot be read; no line where there is no chain."""
    try:
        return _lines(read_file(outputs / FILE))
    except FileNotFoundError:
        return []


def links_of(outputs: Path) -> list[Link]:
    """The links of chain.jsonl; lines that hold none are left out."""
    return [line.link for line in chain_lines(outputs) if line.link is not None]


def last_link(outputs: Path) -> Link | None:
    """The newest link, read from the file's end: the cost does not grow with the archive. Raises OSError."""
    try:
        with open_file(outputs / FILE) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            tail = file.read()
    except FileNotFoundError:
        return None
    found = [line.link for line in _lines(tail) if line.link is not None]
    if found or size <= TAIL_BYTES:
        return found[-1] if found else None
    links = links_of(outputs)  # the end is garbage: whatever it takes
    return links[-1] if links else None


def seal_with(outputs: Path, folder: Path, run_id: str, manifest: str) -> Link:
    """Write a run's manifest and its line in the chain, which the caller holds. Raises RunFailed."""
    pending = write_atomically(folder / PENDING, manifest)
    link = {"run_id": run_id, "folder": folder.name, "manifest_sha256": sha256(manifest.encode()).hexdigest()}
    try:
        _append(outputs / FILE, json.dumps(link, sort_keys=True).encode() + b"\n")
    except OSError as error:
        pending.unlink(missing_ok=True)
        raise disk_failure(error, outputs / FILE) from error
    put_in_place(folder, link)
    return link


def put_in_place(folder: Path, link: Link) -> bool:
    """Give a manifest that the chain attests its real name; False where there is none that waits for it."""
    pending = folder / PENDING
    if (folder / MANIFEST).exists() or not pending.is_file() or sha256_of(pending) != link["manifest_sha256"]:
        return False
    os.replace(pending, folder / MANIFEST)
    sync_folder(folder)
    return True


def _append(path: Path, line: bytes) -> None:
    """Append one line and wait until the disk has it; all of it or nothing."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o666)
    try:
        size = os.fstat(descriptor).st_size
        if size == 0:  # whoever may add runs to the archive must be able to add their lines
            os.fchmod(descriptor, 0o644 | path.parent.stat().st_mode & 0o022)
        whole = _whole_until(descriptor, size)
        if whole < size:  # half a line of a process that died: nothing was sealed by it
            os.ftruncate(descriptor, whole)
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(descriptor, left):]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, whole)
            raise
    finally:
        os.close(descriptor)


def _whole_until(descriptor: int, size: int) -> int:
    """The offset behind the last line feed of an open file."""
    end = size
    while end > 0:
        start = max(0, end - TAIL_BYTES)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _lines(raw: bytes) -> list[Line]:
    *whole, rest = raw.split(b"\n")
    lines = [Line(number, line, _link(line)) for number, line in enumerate(whole, start=1)]
    return [*lines, Line(len(lines) + 1, rest, None, torn=True)] if rest else lines


def _link(line: bytes) -> Link | None:
    try:
        link = read_json(line, strict=False)
    except ValueError:
        return None
    whole = isinstance(link, dict) and all(isinstance(link.get(name), str)
                                           for name in ("run_id", "folder", "manifest_sha256"))
    return link if whole else None
