"""Long output keeps its beginning and its end, and says how much is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook_lib.connections.limits import Bounded, reason_of
from runbook_lib.core.text import head_of


def test_short_output_is_whole() -> None:
    kept = Bounded(3, 3)
    for piece in (b"ab", b"cd", b"e"):
        kept.add(piece)
    assert (kept.text(), kept.left_out) == ("abcde", 0)


def test_long_output_says_how_much_is_missing() -> None:
    kept = Bounded(2, 3)
    kept.add(b"0123456789")
    assert kept.left_out == 5
    assert kept.text() == "01\n… 5 bytes left out …\n789"


@given(st.lists(st.binary(max_size=50), max_size=40), st.integers(0, 20), st.integers(0, 20))
def test_head_and_tail_are_the_true_ends(pieces: list[bytes], head: int, tail: int) -> None:
    kept = Bounded(head, tail)
    for piece in pieces:
        kept.add(piece)
    whole = b"".join(pieces)
    assert kept.size == len(whole)
    assert kept.head == whole[:head]
    assert kept.left_out == max(0, len(whole) - head - tail)
    if kept.left_out and tail:
        assert kept.text().endswith(whole[-tail:].decode("utf-8", "replace"))


def test_memory_stays_bounded() -> None:
    kept = Bounded(10, 100)
    for _ in range(1000):
        kept.add(b"x" * 1000)
        assert len(kept._tail) <= 1200


def test_lines_that_were_cut_are_left_out_for_they_may_hold_a_piece_of_a_secret() -> None:
    kept = Bounded(20, 20)
    kept.add(b"first line\npassword=Zq7-Wm3xK9_pL2vB8nR4\n" + b"x\n" * 50 + b"password=Zq7-Wm3xK9_pL2vB8nR4\nlast line\n")
    shown = kept.lines()
    assert shown.startswith("first line\n") and shown.endswith("last line\n")
    assert "Zq7" not in shown and "nR4" not in shown and "bytes left out" in shown


@pytest.mark.parametrize("where", [reason_of(ValueError("x" * 290 + " Zq7-Wm3xK9_pL2vB8nR4")), head_of("word " * 59 + "Zq7-Wm3xK9_pL2vB8nR4", 300)])
def test_a_reason_is_cut_between_words(where: str) -> None:
    assert "Zq7" not in where and where.endswith("…")
