"""Spans that overlap become one, and a text has names in their places."""

from __future__ import annotations

from runbook_lib.core.redaction.spans import apart, masked


def test_spans_that_overlap_are_one_under_the_name_of_the_longest() -> None:
    assert apart([(5, 9, "B"), (0, 6, "A"), (20, 21, "C"), (3, 3, "D")]) == [(0, 9, "A"), (20, 21, "C")]


def test_each_place_has_its_name() -> None:
    assert masked("0123456789", [(0, 2, "A"), (5, 6, "B")]) == "‹A›234‹B›6789"
    assert masked("as it is", []) == "as it is"
