"""A log cut into pieces of whole lines, without what stands before lines and is none of them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from runbook_lib.observability.facts.log_window import LONGEST_LINE

_HOLE = re.compile(rb"^\0+(?=[^\0\n])", re.MULTILINE)


def pieces(file: BinaryIO, size: int, too_long: Callable[[], None]) -> Iterator[bytes]:
    """Whole lines, about `size` bytes together. A line without an end is not waited for: `too_long` hears of it."""
    rest, skipping = b"", False
    block = file.read(size).removeprefix(codecs.BOM_UTF8)
    while block:
        if skipping:
            _, newline, block = block.partition(b"\n")
            skipping = not newline
        block = rest + block
        end = block.rfind(b"\n") + 1
        rest = _shortened(block[end:])
        if len(rest) > LONGEST_LINE:
            too_long()
            rest, skipping = b"", True
        if end:
            yield without_holes(block[:end])
        block = file.read(size)
    if rest:
        yield without_holes(rest)


def without_holes(piece: bytes) -> bytes:
    """The same lines without NULs before them: a log that was emptied under its writer has as many as it was long.

    A line of nothing else stays one: a crash leaves such, and what was in it is not known.
    """
    return _HOLE.sub(b"", piece) if piece.startswith(b"\0") or b"\n\0" in piece else piece


def _shortened(rest: bytes) -> bytes:
    """A hole may be as long as the log was: as a line it would be too long, and the line behind it as well."""
    return b"\0" + rest.lstrip(b"\0") if rest.startswith(b"\0") else rest
