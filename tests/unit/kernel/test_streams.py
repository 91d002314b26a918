"""One stream of a cell: redacted across pieces, bounded with head and tail, in linear time."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from runbook_lib.core.redaction import Redactor
from runbook_lib.kernel import streams
from runbook_lib.kernel.streams import KEPT_HEAD, KEPT_TAIL, SHOWN_HEAD, SHOWN_TAIL, Stream, Tail
from tests.unit.kernel_doubles import VALUE, Kept

SMALLER = 10  # times: what holds of a bound holds of a smaller one, and megabytes take their time


@pytest.fixture
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SHOWN_HEAD", "SHOWN_TAIL", "KEPT_HEAD", "KEPT_TAIL", "PIECE"):
        monkeypatch.setattr(streams, name, getattr(streams, name) // SMALLER)


@pytest.mark.parametrize("cut", range(1, len(VALUE)))
def test_a_secret_cut_in_two_writes_is_never_shown(redactor: Redactor, cut: int) -> None:
    stream = Stream("stdout", redactor)
    shown = stream.feed(f"before {VALUE[:cut]}") + stream.feed(f"{VALUE[cut:]} after")
    shown += stream.finish(Kept(), "x.txt")
    assert shown == "before ‹DB_PASSWORD› after"


def test_text_that_only_began_like_a_secret_is_shown_at_the_end(redactor: Redactor) -> None:
    stream = Stream("stdout", redactor)
    assert stream.feed(f"so far {VALUE[:6]}") == "so far "
    assert stream.finish(Kept(), "x.txt") == VALUE[:6]


def test_long_output_shows_head_and_tail_and_keeps_the_rest_as_evidence(redactor: Redactor) -> None:
    stream, kept = Stream("stdout", redactor), Kept()
    shown = "".join(stream.feed(f"{number:0127}\n") for number in range(6_250))
    assert len(shown) == SHOWN_HEAD
    rest = stream.finish(kept, "x.txt")
    assert "640,000 characters not shown here; see evidence/x.txt" in rest
    assert rest.endswith("0006249\n")
    assert len(rest) < SHOWN_TAIL + 200
    assert kept["x.txt"].count("\n") == 6_250


@pytest.mark.usefixtures("small_bounds")
def test_endless_output_takes_bounded_memory_and_evidence(redactor: Redactor) -> None:
    stream, kept = Stream("stdout", redactor), Kept()
    piece = "x" * 9_990 + VALUE[:10]
    tracemalloc.start()
    for _ in range(300):
        stream.feed(piece)
        stream.feed(VALUE[10:] + "\n")
    rest = stream.finish(kept, "x.txt")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000 / SMALLER
    assert len(kept["x.txt"]) < (KEPT_HEAD + KEPT_TAIL + 200_000) / SMALLER
    assert VALUE not in kept["x.txt"] + rest
    assert "characters left out" in kept["x.txt"]


@pytest.mark.usefixtures("small_bounds")
@pytest.mark.parametrize("place", [SHOWN_HEAD, SHOWN_HEAD + 30_000, KEPT_HEAD, KEPT_HEAD + 3_000_000])
@pytest.mark.parametrize("before", [3, 10, 17])
def test_no_bound_of_a_stream_cuts_a_secret(redactor: Redactor, place: int, before: int) -> None:
    # the end of the kept head, the tail's beginning and the shown tail's: each bound falls into a secret
    text = ("x" * (place // SMALLER - before) + VALUE + "y" * 100).ljust(place // SMALLER + 2 * streams.KEPT_TAIL, "z")
    text += VALUE + "w" * (streams.SHOWN_TAIL - before)
    stream, kept = Stream("stdout", redactor), Kept()
    shown = "".join(stream.feed(text[at:at + 9_991]) for at in range(0, len(text), 9_991)) + stream.finish(kept, "x.txt")
    for size in (6, 12):
        assert VALUE[:size] not in shown + kept.get("x.txt", "")
        assert VALUE[-size:] not in shown + kept.get("x.txt", "")


@pytest.mark.usefixtures("small_bounds")
def test_one_huge_write_takes_no_more_memory_than_many_small_ones(redactor: Redactor) -> None:
    text = "x" * (20_000_000 // SMALLER)
    tracemalloc.start()
    stream = Stream("stdout", redactor)
    stream.feed(text)
    stream.finish(Kept(), "x.txt")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000 / SMALLER


def test_small_writes_beyond_what_is_kept_are_touched_once(redactor: Redactor) -> None:
    stream = Stream("stdout", redactor)
    stream.feed("x" * KEPT_HEAD)
    started = time.process_time()
    for _ in range(100_000):
        stream.feed("a line of the program\n")
    assert time.process_time() - started < 10  # copying the tail at each write took minutes
    assert "characters left out" not in stream.finish(Kept(), "x.txt")[:100]


def test_the_last_characters_are_kept_whole() -> None:
    tail = Tail(10)
    for piece in ("abc", "defghij", "klmnopq"):
        tail.add(piece)
    assert tail.text().endswith("hijklmnopq")
    assert tail.is_cut
