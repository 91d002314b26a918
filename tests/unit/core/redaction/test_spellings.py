"""One form of a secret: its samples, and what may be its beginning."""

from __future__ import annotations

import pytest

from runbook_lib.core.redaction.encodings import spellings_of
from runbook_lib.core.redaction.spellings import grams_of, starts_of

VALUE = "Zq7Wm3xK9pL2vB8nR4tU"


def test_a_long_plain_form_is_sampled_and_others_are_always_searched_for() -> None:
    assert spellings_of("S", VALUE)[0].is_sampled
    assert not spellings_of("S", "a-b-c-d-e-f-g-h-i-j")[0].is_sampled
    assert not spellings_of("S", "aaaaaaaaaaaaaaaaaaaaaaaa1")[0].is_sampled  # one letter again and again shows nothing


def test_samples_are_four_characters_that_differ() -> None:
    assert grams_of("abcdef") == [(0, "abcd"), (1, "bcde"), (2, "cdef")]
    assert grams_of("aaaaab") == [(2, "aaab")]


@pytest.mark.parametrize("size", range(1, len(VALUE)))
def test_every_beginning_may_go_on(size: int) -> None:
    plain = spellings_of("S", VALUE)[0]
    assert plain.begins_at(f"before {VALUE[:size]}", 7)
    assert not plain.begins_at(f"before {VALUE[:size]}-", 7)


@pytest.mark.parametrize("text", ["Zq7W\nm3", "Zq7W\r\n      m", "Zq7W\\", "Zq7W\\nm3x", "Zq7W\n"])
def test_a_beginning_goes_on_behind_a_line_end(text: str) -> None:
    assert spellings_of("S", VALUE)[0].begins_at(text, 0)


def test_a_whole_form_is_no_beginning() -> None:
    assert not spellings_of("S", VALUE)[0].begins_at(VALUE, 0)


def test_starts_are_short_and_few() -> None:
    assert starts_of(spellings_of("S", VALUE)[0]) == {"Zq7W"}
    many = starts_of(spellings_of("S", "<>&'\"-xyz")[0])
    assert 1 < len(many) <= 300 and {len(start) for start in many} <= {1, 2, 3, 4}
