"""What programs/job_follow.sh sends: `out OFFSET LENGTH`, the bytes, …, then `exit {json}`, `dead` or `gone`."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from runbook_lib.connections.limits import Bounded
from runbook_lib.core.foreign_json import read_json

TAIL_BYTES = 16_384


class StreamEnd(StrEnum):
    """How a job's stream ended. The first three are sent by the server, the others are found on this side."""

    EXIT = "exit"
    DEAD = "dead"
    GONE = "gone"
    GARBLED = "garbled"
    LOST = "lost"
    STILL_RUNNING = "still running"
    NONE = ""


_SENT = (StreamEnd.EXIT, StreamEnd.DEAD, StreamEnd.GONE)


@dataclass
class FollowedJob:
    """What has been seen of a job so far; survives a dropped link, so that following continues where it stopped."""

    on_output: Callable[[str, str], None] | None = None
    out: Bounded = field(default_factory=lambda: Bounded(0, TAIL_BYTES))
    err: Bounded = field(default_factory=lambda: Bounded(0, TAIL_BYTES))
    exit: dict[str, Any] | None = None
    end: StreamEnd = StreamEnd.NONE
    offsets: dict[str, int] = field(default_factory=lambda: {"out": 0, "err": 0})
    _buffer: bytearray = field(default_factory=bytearray)
    _decoders: dict[str, codecs.IncrementalDecoder] = field(default_factory=dict)

    def restart(self) -> None:
        """Forget a frame that a dropped link truncated: the server sends it again from the last offset."""
        self._buffer.clear()

    def feed(self, data: bytes) -> None:
        """Parse the next bytes of the stream. A line that is not a frame ends the job as `garbled`."""
        self._buffer += data
        while not self.end and self._next_frame():
            pass

    def _next_frame(self) -> bool:
        newline = self._buffer.find(b"\n")
        if newline < 0:
            return False
        kind, _, rest = self._buffer[:newline].decode("utf-8", "replace").partition(" ")
        if kind not in self.offsets:
            del self._buffer[: newline + 1]
            self._finish(kind, rest)
            return False
        try:
            offset, length = (int(number) for number in rest.split())
        except ValueError:
            self.end = StreamEnd.GARBLED
            return False
        if len(self._buffer) < newline + 1 + length:
            return False
        self._append(kind, offset, bytes(self._buffer[newline + 1 : newline + 1 + length]))
        del self._buffer[: newline + 1 + length]
        return True

    def _append(self, stream: str, offset: int, data: bytes) -> None:
        missed = offset - self.offsets[stream]
        self.offsets[stream] = offset + len(data)
        kept = self.out if stream == "out" else self.err
        kept.size += max(0, missed)
        kept.add(data)
        if self.on_output is not None:
            # a frame may end inside a character: the decoder keeps the half until the next one
            decoder = self._decoders.setdefault(stream, codecs.getincrementaldecoder("utf-8")("replace"))
            gap = f"\n… {missed} bytes left out …\n" if missed > 0 else ""
            self.on_output(stream, gap + decoder.decode(data))

    def _finish(self, kind: str, rest: str) -> None:
        self.end = StreamEnd(kind) if kind in _SENT else StreamEnd.GARBLED
        if self.end is StreamEnd.EXIT:
            self.exit = _exit_file(rest)
            if self.exit is None:
                self.end = StreamEnd.GARBLED


def _exit_file(text: str) -> dict[str, Any] | None:
    try:
        record = read_json(text)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("exit_code"), int) else None
