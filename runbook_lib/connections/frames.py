"""What a job's follower sends: `out OFFSET LENGTH`, that many bytes, …, then `exit {json}`, `dead` or `gone`."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from runbook_lib.connections.limits import Bounded

TAIL_BYTES = 16_384


@dataclass
class FollowedJob:
    """What has been seen of a job so far; survives a dropped link, so that following goes on where it stopped."""

    on_output: Callable[[str, str], None] | None = None
    out: Bounded = field(default_factory=lambda: Bounded(0, TAIL_BYTES))
    err: Bounded = field(default_factory=lambda: Bounded(0, TAIL_BYTES))
    exit: dict[str, Any] | None = None
    end: str = ""
    offsets: dict[str, int] = field(default_factory=lambda: {"out": 0, "err": 0})
    _buffer: bytearray = field(default_factory=bytearray)
    _decoders: dict[str, codecs.IncrementalDecoder] = field(default_factory=dict)

    def restart(self) -> None:
        """Forget a frame that was cut off by a dropped link."""
        self._buffer.clear()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream in. A line that is no frame ends the job as `garbled`."""
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
            offset, length = (int(word) for word in rest.split())
        except ValueError:
            self.end = "garbled"
            return False
        if len(self._buffer) < newline + 1 + length:
            return False
        self._take(kind, offset, bytes(self._buffer[newline + 1 : newline + 1 + length]))
        del self._buffer[: newline + 1 + length]
        return True

    def _take(self, stream: str, offset: int, data: bytes) -> None:
        missed = offset - self.offsets[stream]
        self.offsets[stream] = offset + len(data)
        kept = self.out if stream == "out" else self.err
        kept.size += max(0, missed)
        kept.add(data)
        if self.on_output is not None:
            decoder = self._decoders.setdefault(stream, codecs.getincrementaldecoder("utf-8")("replace"))
            gap = f"\n… {missed} bytes left out …\n" if missed > 0 else ""
            self.on_output(stream, gap + decoder.decode(data))

    def _finish(self, kind: str, rest: str) -> None:
        self.end = kind if kind in ("exit", "dead", "gone") else "garbled"
        if kind == "exit":
            try:
                said = json.loads(rest)
                self.exit = said if isinstance(said, dict) and isinstance(said.get("exit_code"), int) else None
            except ValueError:
                self.exit = None
            if self.exit is None:
                self.end = "garbled"
