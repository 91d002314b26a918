"""The outputs of one cell: redacted across pieces, bounded with head and tail, recorded as nbformat has them."""

from __future__ import annotations

import tracemalloc

import pytest

from runbook_lib.core.redaction import Redactor
from runbook_lib.kernel.outputs import KEPT_HEAD, KEPT_TAIL, SHOWN_HEAD, SHOWN_TAIL, CellOutputs, Stream
from tests.unit.kernel_doubles import VALUE, Kept


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
    shown = "".join(stream.feed(f"{number:07}\n") for number in range(100_000))
    assert len(shown) == SHOWN_HEAD
    rest = stream.finish(kept, "x.txt")
    assert "640,000 characters not shown here; see evidence/x.txt" in rest
    assert rest.endswith("0099999\n")
    assert len(rest) < SHOWN_TAIL + 200
    assert kept["x.txt"].count("\n") == 100_000


def test_endless_output_takes_bounded_memory_and_evidence(redactor: Redactor) -> None:
    stream, kept = Stream("stdout", redactor), Kept()
    piece = "x" * 99_990 + VALUE[:10]
    tracemalloc.start()
    for _ in range(300):
        stream.feed(piece)
        stream.feed(VALUE[10:] + "\n")
    rest = stream.finish(kept, "x.txt")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000
    assert len(kept["x.txt"]) < KEPT_HEAD + KEPT_TAIL + 200_000
    assert VALUE not in kept["x.txt"] + rest
    assert "characters left out" in kept["x.txt"]


def test_a_display_that_is_updated_is_recorded_once_with_its_last_state(redactor: Redactor) -> None:
    outputs = CellOutputs(redactor)
    for kind, text in (("display_data", "1 of 3"), ("update_display_data", "2 of 3"), ("update_display_data", VALUE)):
        outputs.display({"data": {"text/plain": text}, "transient": {"display_id": "steps"}}, kind)
    assert outputs.recorded == [{"output_type": "display_data", "data": {"text/plain": "‹DB_PASSWORD›"}}]


def test_huge_displays_are_cut_and_huge_images_left_out(redactor: Redactor) -> None:
    shown = CellOutputs(redactor).display(
        {"data": {"text/plain": "x" * 500_000, "text/html": "y" * 500_000, "image/png": "z" * 9_000_000}}, "display_data"
    )
    assert len(shown["data"]["text/plain"]) < 3000
    assert "500,000 characters" in shown["data"]["text/html"]
    assert shown["data"]["image/png"] == ""
