"""The journal: what a run did, one JSON line an event, on the disk before the next thing happens.

Every line carries its number and the hash of the line before it, so that a line changed, moved or taken out
shows. A process killed in the middle of a line leaves it torn; readers say so and go on.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runbook_lib.archive.earlier_words import event_in_current_words
from runbook_lib.archive.files import disk_failure, try_lock
from runbook_lib.archive.records import recorded
from runbook_lib.core.errors import Refused
from runbook_lib.core.redaction import Redactor

FILE = "journal.jsonl"
UNREADABLE = "unreadable_line"
FIRST_LINK = "0" * 16

_open_here: dict[Path, Journal] = {}


class Journal:
    """The open journal of one run. Holds an exclusive flock while it is open; one process only.

    Raises Refused when another process has it open or the run is sealed, RunFailed when the disk refuses.
    """

    def __init__(self, folder: str | os.PathLike[str], redactor: Redactor | None = None) -> None:
        self.path = Path(folder).resolve() / FILE
        self.redactor = redactor or Redactor()
        self._mutex = threading.Lock()
        self._process = os.getpid()
        self._descriptor = self._take()
        self._seq, self._link, self._base_s = self._position()
        self._started = time.monotonic()
        self.closed = False
        _open_here[self.path] = self

    def write(self, event: str, **fields: Any) -> dict[str, Any]:
        """Append one event and wait until the disk has it. Returns the event as it was written."""
        with self._mutex:
            self._must_be_ours()
            stamped = {
                "seq": self._seq + 1,
                "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "elapsed_s": round(self._base_s + time.monotonic() - self._started, 3),
                "event": event,
                "link": self._link,
            }
            kept = recorded(fields, self.redactor)
            line = {**stamped, **{name: item for name, item in kept.items() if name not in stamped}}
            self._append(json.dumps(line, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace"))
            return line

    def close(self) -> None:
        """Let go of the file. Closing twice is harmless."""
        if not self.closed:
            self.closed = True
            _open_here.pop(self.path, None)
            os.close(self._descriptor)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise disk_failure(error, self.path) from error
        give_up = time.monotonic() + 2.0  # whoever looks for abandoned runs holds the lock for an instant
        while not try_lock(descriptor):
            if time.monotonic() > give_up:
                os.close(descriptor)
                raise Refused("The journal of this run is open in another process.", where=str(self.path),
                              next_step="Let that process finish, or end it; then start a new run.")
            time.sleep(0.02)
        if (self.path.parent / "manifest.json").exists():
            os.close(descriptor)
            raise Refused("This run is sealed; nothing can be added to it.", where=str(self.path.parent),
                          next_step="Start a new run.")
        return descriptor

    def _position(self) -> tuple[int, str, float]:
        """Number and hash of the last whole line, and the seconds gone since the first event."""
        raw = self.path.read_bytes()
        if not raw:
            return 0, FIRST_LINK, 0.0
        if not raw.endswith(b"\n"):
            os.write(self._descriptor, b"\n")
        lines = raw_lines(raw)
        whole = [event for event in map(_parsed, lines) if event is not None]
        since = datetime.fromisoformat(whole[0]["at"]) if whole else datetime.now(UTC)
        return (
            int(whole[-1]["seq"]) if whole else 0,
            line_link(lines[-1]),
            max(0.0, (datetime.now(UTC) - since).total_seconds()),
        )

    def _must_be_ours(self) -> None:
        if self.closed:
            raise Refused("The journal of this run is closed.", where=str(self.path), next_step="Start a new run.")
        if os.getpid() != self._process:
            raise Refused("A child process tried to write the journal of its parent.", where=str(self.path),
                          next_step="Return values from the child process and record them in the parent.")

    def _append(self, line: bytes) -> None:
        before = os.fstat(self._descriptor).st_size
        left = memoryview(line + b"\n")
        try:
            while left:
                left = left[os.write(self._descriptor, left):]
            os.fsync(self._descriptor)
        except OSError as error:
            # half of a line that was never acknowledged would make the next one unreadable
            os.ftruncate(self._descriptor, before)
            raise disk_failure(error, self.path) from error
        self._seq += 1
        self._link = line_link(line)


def opened(folder: str | os.PathLike[str]) -> Journal:
    """The journal of `folder`: the one that is open in this process, or else opened to go on at its end."""
    path = Path(folder).resolve() / FILE
    journal = _open_here.get(path)
    if journal is not None and journal._process == os.getpid():
        return journal
    return Journal(folder)


def read(folder: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """All events in order, under today's names. An unreadable line is an `unreadable_line` event with its length."""
    path = Path(folder) / FILE
    if not path.exists():
        return []
    events: list[dict[str, Any]] = []
    for number, line in enumerate(raw_lines(path.read_bytes()), start=1):
        event = _parsed(line)
        unreadable = {"event": UNREADABLE, "line": number, "size_bytes": len(line), "seq": None}
        events.append(event_in_current_words(event) if event else unreadable)
    return events


def line_link(line: bytes) -> str:
    """What the following line says about this one: 16 hex digits of its SHA-256."""
    return hashlib.sha256(line).hexdigest()[:16]


def raw_lines(raw: bytes) -> list[bytes]:
    """The lines of a journal's bytes, the torn one at the end included."""
    return [line for line in raw.split(b"\n") if line]


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and {"event", "seq", "at"} <= event.keys() else None
