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
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

from runbook_lib.archive.earlier_words import event_in_current_words
from runbook_lib.archive.files import disk_failure, read_file, sync_folder, try_lock
from runbook_lib.archive.records import recorded
from runbook_lib.core.errors import Refused
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.redaction import Redactor

FILE = "journal.jsonl"
UNREADABLE = "unreadable_line"
FIRST_LINK = "0" * 16

_open_here: dict[Path, Journal] = {}


@dataclass(frozen=True)
class End:
    """The end of a journal: number and hash of its last line, and the file's size in bytes behind it."""

    seq: int
    link: str
    size_bytes: int


class Journal:
    """The open journal of one run. Holds an exclusive flock while it is open; one process only.

    Raises Refused when another process has it open or the run is sealed, RunFailed when the disk refuses.
    """

    def __init__(self, folder: str | os.PathLike[str], redactor: Redactor | None = None) -> None:
        self.path = Path(folder).resolve() / FILE
        self.redactor = redactor or Redactor()
        # reentrant: an interrupt between taking and noting it must not lock this thread out for ever
        self._mutex = threading.RLock()
        self._process = os.getpid()
        # a file object, because closing one cannot be interrupted half-way, nor the wrong file be closed twice
        self._file = self._open()
        try:
            self._take()
            self._end, self._base_s = self._continue()
            self._started = time.monotonic()
            _open_here[self.path] = self
        except BaseException:
            self._file.close()
            raise

    @property
    def closed(self) -> bool:
        """Whether nothing more can be written."""
        return self._file.closed

    def write(self, event: str, **fields: Any) -> dict[str, Any]:
        """Append one event and wait until the disk has it. Returns the event as it was written."""
        self._must_be_ours()  # before the mutex: a thread that a forked child does not have may hold it
        with self._mutex:
            self._settle()
            stamped = {
                "seq": self._end.seq + 1,
                "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "elapsed_s": round(self._base_s + time.monotonic() - self._started, 3),
                "event": event,
                "link": self._end.link,
            }
            kept = recorded(fields, self.redactor)
            line = {**stamped, **{name: item for name, item in kept.items() if name not in stamped}}
            self._append(json.dumps(line, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace"))
            return line

    def close(self) -> None:
        """Let go of the file. Closing twice is harmless, and so is an interrupt: the next call finishes it."""
        self._file.close()
        if _open_here.get(self.path) is self:
            _open_here.pop(self.path, None)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> FileIO:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return FileIO(self.path, "a+", opener=lambda path, _: os.open(path, flags, 0o666))
        except OSError as error:
            raise disk_failure(error, self.path) from error

    def _take(self) -> None:
        give_up = time.monotonic() + 2.0  # whoever looks for abandoned runs holds the lock for an instant
        while not try_lock(self._file.fileno()):
            if time.monotonic() > give_up:
                raise Refused("The journal of this run is open in another process.", where=str(self.path),
                              next_step="Let that process finish, or end it; then start a new run.")
            time.sleep(0.02)
        if (self.path.parent / "manifest.json").exists():
            raise Refused("This run is sealed; nothing can be added to it.", where=str(self.path.parent),
                          next_step="Start a new run.")

    def _continue(self) -> tuple[End, float]:
        """The journal's end, and the seconds gone since its first event. A line torn by a killed process is ended."""
        try:
            raw = read_file(self.path)
            if not raw:
                sync_folder(self.path.parent)  # else a power cut takes the file's name with everything in it
                return _end_of(raw), 0.0
            if not raw.endswith(b"\n"):
                os.write(self._file.fileno(), b"\n")
                raw += b"\n"
        except OSError as error:
            raise disk_failure(error, self.path) from error
        return _end_of(raw), max(0.0, (datetime.now(UTC) - _begun(raw)).total_seconds())

    def _settle(self) -> None:
        """Find the journal's end again where the last write was interrupted before it could note it.

        A signal raises KeyboardInterrupt at any moment, also in fsync, when the whole line is in the file already.
        The file alone knows: a whole line counts, half of one was never acknowledged and goes.
        """
        size = os.fstat(self._file.fileno()).st_size
        if size == self._end.size_bytes:
            return
        try:
            raw = read_file(self.path)
            if size > self._end.size_bytes and not raw.endswith(b"\n"):
                os.ftruncate(self._file.fileno(), raw.rfind(b"\n") + 1)
                raw = raw[:raw.rfind(b"\n") + 1]
        except OSError as error:
            raise disk_failure(error, self.path) from error
        self._end = _end_of(raw)

    def _must_be_ours(self) -> None:
        if os.getpid() != self._process:
            raise Refused("A child process tried to write the journal of its parent.", where=str(self.path),
                          next_step="Return values from the child process and record them in the parent.")
        if self.closed:
            raise Refused("The journal of this run is closed.", where=str(self.path), next_step="Start a new run.")

    def _append(self, line: bytes) -> None:
        left = memoryview(line + b"\n")
        size = self._end.size_bytes + len(left)
        try:
            while left:
                left = left[os.write(self._file.fileno(), left):]
            os.fsync(self._file.fileno())
        except OSError as error:
            # half of a line that was never acknowledged would make the next one unreadable
            os.ftruncate(self._file.fileno(), self._end.size_bytes)
            raise disk_failure(error, self.path) from error
        # one assignment, so that number, hash and size never disagree
        self._end = End(self._end.seq + 1, line_link(line), size)


def _leave_to_parent() -> None:
    """In a forked child: let go of the files. A child that outlives a killed parent must not hold its lock."""
    for journal in list(_open_here.values()):
        journal.close()


os.register_at_fork(after_in_child=_leave_to_parent)


def opened(folder: str | os.PathLike[str]) -> Journal:
    """The journal of `folder`: the one that is open in this process, or else opened to go on at its end."""
    return open_in_this_process(folder) or Journal(folder)


def open_in_this_process(folder: str | os.PathLike[str]) -> Journal | None:
    """The journal of `folder` when this very process has it open."""
    journal = _open_here.get(Path(folder).resolve() / FILE)
    ours = journal is not None and not journal.closed and journal._process == os.getpid()
    return journal if ours else None


def read(folder: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """All events in order, under today's names. An unreadable line is an `unreadable_line` event with its length.

    Raises OSError where the journal is there and cannot be read.
    """
    try:
        return events_of(read_file(Path(folder) / FILE))
    except FileNotFoundError:
        return []


def events_of(raw: bytes) -> list[dict[str, Any]]:
    """The events in a journal's bytes, one for each of its `raw_lines`."""
    events: list[dict[str, Any]] = []
    for number, line in enumerate(raw_lines(raw), start=1):
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


def _end_of(raw: bytes) -> End:
    """The end of a journal with these bytes: the number of its last whole event, the hash of its last line."""
    lines = raw_lines(raw)
    last = next((event for event in map(_parsed, reversed(lines)) if event is not None), None)
    return End(last["seq"] if last else 0, line_link(lines[-1]) if lines else FIRST_LINK, len(raw))


def _begun(raw: bytes) -> datetime:
    """When the journal was begun; now, where its first event does not say so."""
    first = next((event for event in map(_parsed, raw_lines(raw)) if event is not None), None)
    now = datetime.now(UTC)
    try:
        begun = datetime.fromisoformat(first["at"]) if first else now
    except ValueError:
        return now
    return begun if begun.tzinfo else now


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        event = read_json(line, strict=False)
    except ValueError:  # thousands of brackets are no event either
        return None
    whole = isinstance(event, dict) and isinstance(event.get("seq"), int) and isinstance(event.get("at"), str)
    return event if whole and isinstance(event.get("event"), str) else None
