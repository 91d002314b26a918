"""Pieces of a log: whole lines, whatever stands before them and wherever a block ends."""

from __future__ import annotations

import io

import pytest

from runbook_lib.observability.facts.log_pieces import pieces, without_holes
from runbook_lib.observability.facts.log_window import LONGEST_LINE
from tests.unit.observability.log_doubles import COMBINED, GOOD, REQUESTS, read, request

BOM, HOLE = b"\xef\xbb\xbf", b"\0" * 100_000
WRITER = pytest.mark.parametrize(("log", "line"), [(COMBINED, GOOD), (REQUESTS, request(minutes=1440))], ids=["combined", "json"])


@WRITER
@pytest.mark.parametrize(("before", "after"), [(BOM, b""), (HOLE, b""), (b"", HOLE), (BOM, HOLE)])
def test_what_stands_before_a_line_is_no_part_of_it(log: object, line: bytes, before: bytes, after: bytes) -> None:
    """A BOM made the first JSON line unreadable; emptied under its writer, a log begins anew behind a hole of NULs."""
    rows, unreadable = read(log, before + line + after + line)  # type: ignore[arg-type]
    assert unreadable == {}
    assert [row["address"] for row in rows] == ["192.0.2.1", "192.0.2.1"]


@pytest.mark.parametrize("size", [1, 7, 64, LONGEST_LINE, 1 << 20])
def test_lines_are_the_same_wherever_a_block_ends(size: int) -> None:
    lines, long = b"a\n" + HOLE + b"b\0c\n\nd", []
    found = b"".join(pieces(io.BytesIO(lines), size, lambda: long.append(1)))
    assert (found, long) == (b"a\nb\0c\n\nd", [])


def test_a_hole_is_no_line_that_is_too_long_and_a_long_line_is() -> None:
    long: list[int] = []
    found = list(pieces(io.BytesIO(b"a\n" + b"x" * (3 * LONGEST_LINE) + b"\nb\n"), LONGEST_LINE, lambda: long.append(1)))
    assert (b"".join(found), len(long)) == (b"a\nb\n", 1)
    assert without_holes(b"\0\0a\n\0\0b\0\n\0\0\n") == b"a\nb\0\n\0\0\n"
