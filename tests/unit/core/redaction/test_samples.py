"""Samples of a text: every fourth character, in whatever letters, and each piece of a secret once."""

from __future__ import annotations

import pytest

from runbook_lib.core.redaction.encodings import spellings_of
from runbook_lib.core.redaction.samples import Samples

VALUE, WIDE = "Zq7Wm3xK9pL2vB8nR4tU", "šáßw—rd€uro-žluť"


def samples(*values: str, words: frozenset[str] = frozenset()) -> Samples:
    known = Samples(words)
    for number, value in enumerate(values):
        for form in spellings_of(f"S{number}", value):
            known.add(form)
    return known


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "… ‹x› 😀 ", "é" * 5])
@pytest.mark.parametrize("value", [VALUE, WIDE])
def test_a_secret_is_found_wherever_it_begins_and_whatever_stands_before(value: str, before: str) -> None:
    spans, windows = samples(value).found_in(f"{before}{value} and more")
    assert (len(before), len(before) + len(value), "S0") in spans
    assert all(start <= len(before) and end >= len(before) + len(value)
               for form, places in windows if form.literals == (value,) for start, end in places)


def test_letters_that_no_byte_has_are_not_taken_for_each_other() -> None:
    for other in "?→":
        assert samples(WIDE).found_in("".join(other if ord(one) > 255 else one for one in WIDE))[0] == []


def test_a_sample_alone_and_a_word_of_ours_are_not_pieces() -> None:
    spans, windows = samples(VALUE).found_in(f"{VALUE[:4]}---")
    assert not spans and windows  # it is searched more closely all the same
    assert samples(VALUE, words=frozenset({VALUE[:12].lower()})).found_in(VALUE[:12])[0] == []
    assert samples(VALUE).found_in(VALUE[:12])[0] == [(0, 12, "S0")]


def test_two_secrets_of_one_value_are_both_found() -> None:
    spans, _ = samples(VALUE, VALUE).found_in(VALUE)
    assert {name for _, _, name in spans} == {"S0", "S1"}
