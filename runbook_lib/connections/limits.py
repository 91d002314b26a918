"""Output and reasons kept within bounds: the beginning and the end of what may be very long."""

from __future__ import annotations

from runbook_lib.core.text import from_next_line, head_of, to_last_line

REASON_SHOWN = 300  # characters of a library's message in one of ours


class Bounded:
    """Collects bytes; keeps the first `head` and the last `tail` of them, and counts the rest."""

    def __init__(self, head: int, tail: int) -> None:
        self._head_limit, self._tail_limit = head, tail
        self._head, self._tail = bytearray(), bytearray()
        self.size = 0

    def add(self, data: bytes) -> None:
        """Append the next bytes."""
        self.size += len(data)
        missing = self._head_limit - len(self._head)
        if missing > 0:
            self._head += data[:missing]
            data = data[missing:]
        self._tail += data
        if len(self._tail) > 2 * self._tail_limit:  # rarely: at each call it would copy the whole tail
            del self._tail[: -self._tail_limit or None]

    @property
    def head(self) -> bytes:
        """The first bytes, up to the head's limit."""
        return bytes(self._head)

    @property
    def left_out(self) -> int:
        """Bytes that are in neither the head nor the tail."""
        return max(0, self.size - len(self._head) - min(len(self._tail), self._tail_limit))

    def text(self) -> str:
        """Head and tail as text, with a line between them that shows how many bytes are missing."""
        tail = bytes(self._tail[-self._tail_limit :]) if self._tail_limit else b""
        if not self.left_out:
            return (bytes(self._head) + tail).decode("utf-8", "replace")
        gap = f"\n… {self.left_out} bytes left out …\n"
        return self._head.decode("utf-8", "replace") + gap + tail.decode("utf-8", "replace")


    def lines(self) -> str:
        """The same without the two lines that were cut: a piece of a secret is not one that a redactor knows."""
        if not self.left_out:
            return self.text()
        head = to_last_line(self._head.decode("utf-8", "replace"))
        tail = bytes(self._tail[-self._tail_limit :] if self._tail_limit else b"").decode("utf-8", "replace")
        gap = f"\n… {self.left_out} bytes left out, and the rest of the lines next to them …\n"
        return f"{head}{gap}{from_next_line(tail)}"


def discard(data: bytes) -> None:
    """A receiver for output that is not needed."""


def reason_of(error: BaseException) -> str:
    """The error's own message on one line, or its class where it has none."""
    text = " ".join(str(error).split())
    return head_of(text or type(error).__name__, REASON_SHOWN)
