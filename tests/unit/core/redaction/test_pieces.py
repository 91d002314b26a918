"""A table folds a long value in its column: the pieces are in lines of their own, with other columns between them."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from rich.console import Console
from rich.table import Column, Table

from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.core.redaction.pieces import telling_pieces

VALUE = "Zq7-Wm3xK9_pL2vB8nR4.tUc5F6g"


def folded(width: int, *, before: str = "", borders: bool = True) -> str:
    """A table with the value in its second column, folded."""
    lines = []
    for number, place in enumerate(range(0, len(before + VALUE), width)):
        cells = ["token" if not number else "", (before + VALUE)[place:place + width], "web, worker" if number < 2 else ""]
        row = [f"{cell:<{size}}" for cell, size in zip(cells, (8, width, 12), strict=True)]
        lines.append(f"│ {' │ '.join(row)} │" if borders else "  ".join(row).rstrip())
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("borders", [True, False])
@pytest.mark.parametrize("width", [8, 9, 10, 12, 14, 16, 20, 25])
def test_a_value_that_a_table_folds_is_masked_in_every_line(width: int, borders: bool) -> None:
    clean = Redactor([Secret("S", VALUE)]).text(folded(width, borders=borders))
    assert "token" in clean and "web, worker" in clean
    assert not any(VALUE[place:place + 5] in clean for place in range(0, len(VALUE) - 5)), clean
    if width < 25:
        assert VALUE[-(len(VALUE) % width or width):] not in clean.replace("‹S›", ""), clean


def test_the_last_letters_alone_in_a_cell_are_masked() -> None:
    clean = Redactor([Secret("S", VALUE)]).text(folded(len(VALUE) - 2))
    assert "6g" not in clean


def test_a_table_of_rich_shows_no_piece() -> None:
    table = Table("name", Column("value", overflow="fold"), "used by")
    table.add_row("TOKEN", VALUE, "web, worker and everything else that asks")
    console = Console(width=44, record=True)
    with console.capture() as captured:
        console.print(table)
    text = captured.get()
    assert VALUE not in text
    clean = Redactor([Secret("S", VALUE)]).text(text)
    assert not any(VALUE[place:place + 5] in clean for place in range(0, len(VALUE) - 5)), clean


def test_pieces_that_do_not_continue_each_other_tell_too_little() -> None:
    text = f"{VALUE[:9]} x\n{VALUE[12:21]} y\n"
    assert Redactor([Secret("S", VALUE)]).text(text) == text
    assert Redactor([Secret("S", VALUE)]).text(f"{VALUE[:9]} {VALUE[9:16]}") == f"{VALUE[:9]} {VALUE[9:16]}"


def test_the_pieces_are_those_of_one_chain() -> None:
    text = "abcdef |\nghijkl |\nmn |"
    assert list(telling_pieces(text, "abcdefghijklmn", [(0, 6, 0), (9, 15, 6)], 8)) == [(0, 6), (9, 15), (18, 20)]
    assert list(telling_pieces(text, "abcdefghijklmn", [(0, 6, 0)], 8)) == []


def calls_for(length: int) -> int:
    """Calls of functions that it takes to look for pieces in a dump of so many escaped bytes, each of them a piece."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    text, pieces = "\\x41" * length, [(4 * place, 4 * place + 5, 0) for place in range(length)]
    sys.setprofile(count)
    try:
        assert list(telling_pieces(text, "\\x41\\x5a\\x71", pieces, 8)) == []
    finally:
        sys.setprofile(None)
    return calls


def test_twice_as_long_a_dump_takes_twice_as_long() -> None:
    """Found by trying: each piece was compared with all in the next 2,000 characters. 400 KB of escaped bytes in a log, and a
    run did not end within minutes."""
    assert calls_for(2_000) < 3 * calls_for(1_000)
    assert calls_for(2_000) < 100 * 2_000
