"""One stream of a cell: redacted over all its pieces, and bounded in memory, on the screen and in the evidence."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from runbook_lib.core.redaction import Redactor
from runbook_lib.core.text import from_next_line

SHOWN_HEAD = 120_000  # characters of a stream that a cell shows as they come
SHOWN_TAIL = 40_000  # and of its end, shown when the cell is over
KEPT_HEAD = 4_000_000  # characters that go to the evidence file
KEPT_TAIL = 1_000_000
PIECE = 1_000_000  # characters taken in at once, so that one huge write needs no more memory than many small ones

Keep = Callable[[str, str], str]  # evidence(name, content) -> relative path


class Tail:
    """The last characters of a text that comes in pieces; each piece is touched once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: deque[str] = deque()
        self._size = 0
        self.is_cut = False

    def add(self, piece: str) -> None:
        """Append the next piece."""
        self._pieces.append(piece)
        self._size += len(piece)
        while self._size - len(self._pieces[0]) >= self._limit:
            self._size -= len(self._pieces.popleft())
            self.is_cut = True

    def text(self) -> str:
        """At least the last `limit` characters, or all there are."""
        return "".join(self._pieces)


class Stream:
    """One of a cell's streams. Memory stays bounded however much is printed; `divisor` makes its bounds smaller."""

    def __init__(self, name: str, redactor: Redactor, divisor: int = 1) -> None:
        self.name = name
        self._redactor = redactor
        self._kept_head, self._kept_tail = KEPT_HEAD // divisor, KEPT_TAIL // divisor
        self._held = ""  # may be the beginning of a secret whose rest is still to come; not redacted yet
        self._kept: list[str] = []
        self._kept_size = 0
        self._tail = Tail(2 * self._kept_tail)  # not redacted yet: nearly all of it is going to be dropped
        self.size = 0

    @property
    def overflows(self) -> bool:
        """Whether more was printed than is kept."""
        return self._kept_size >= self._kept_head

    def feed(self, text: str) -> str:
        """Take text in; returns what may be shown of it now."""
        return "".join(self._feed(text[place:place + PIECE]) for place in range(0, len(text), PIECE))

    def _feed(self, text: str) -> str:
        self.size += len(text)
        if self.overflows:
            self._tail.add(self._held + text)
            self._held = ""
            return ""
        shown, self._held = self._redactor.split(self._held + text)
        return self._keep(shown)

    def finish(self, keep: Keep, evidence: str) -> str:
        """The rest that is shown when the cell is over: what was held back, or the notice and the tail."""
        rest = self._keep(self._redactor.text(self._held)) if self._held else ""
        self._held = ""
        tail = self._redactor.text(self._tail.text())
        if self._kept_size <= SHOWN_HEAD and not tail:
            return rest
        whole = "".join(self._kept)
        if tail:
            # cut after it is redacted, and then from a whole line on: the first may begin in a secret
            tail = (from_next_line(tail) if self._tail.is_cut else tail)[-self._kept_tail:]
            left_out = max(0, self.size - len(whole) - len(tail))
            whole += f"\n… {left_out:,} characters left out …\n{tail}" if left_out else tail
        beyond = whole[SHOWN_HEAD:]
        if len(beyond) <= SHOWN_TAIL:
            return rest + beyond
        path = keep(evidence, whole)
        notice = f"\n… {self.size - SHOWN_HEAD - SHOWN_TAIL:,} characters not shown here; see {path} …\n"
        return rest + notice + beyond[-SHOWN_TAIL:]

    def _keep(self, clean: str) -> str:
        room, room_kept = max(0, SHOWN_HEAD - self._kept_size), self._kept_head - self._kept_size
        kept, beyond = clean[:room_kept], clean[room_kept:]
        self._kept.append(kept)
        self._kept_size += len(kept)
        if beyond:
            self._tail.add(beyond)
        return clean[:room]
