"""One form of a secret: its samples, and what may be its beginning."""

from __future__ import annotations

import pytest

from runbook_lib.core.redaction.encodings import spellings_of
from runbook_lib.core.redaction.spellings import LONGEST_TRIED, MOST_TRIES, grams_of, starts_of

VALUE = "Zq7Wm3xK9pL2vB8nR4tU"


@pytest.fixture(autouse=True)
def forms_of_no_other_test() -> None:
    """Forms are made once a process, and have the expressions that they were asked for before."""
    spellings_of.cache_clear()


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


def test_an_expression_is_made_only_where_every_character_of_the_form_is_there() -> None:
    """Making one takes milliseconds, and numbers in any text meet samples of some form."""
    for form in spellings_of("TOKEN", VALUE):
        text = form.literals[0]
        for cut in (text[:len(text) // 2], text[len(text) // 2:], "0000 01 02, 3, 4 6b66 \\153", ""):
            if "pattern" not in vars(form):
                assert list(form.places_in(cut, 0, len(cut))) == []
        assert "pattern" not in vars(form), text
        around = f"x{text}\n"
        assert (1, 1 + len(text)) in [(max(1, start), min(end, 1 + len(text)))
                                      for start, end in form.places_in(around, 0, len(around))]
        assert list(form.places_in(around, 0, len(text) // 2)) == []


def test_a_form_that_is_asked_for_again_and_again_gets_its_expression() -> None:
    form = spellings_of("TOKEN", VALUE)[0]
    for _ in range(MOST_TRIES + 1):
        assert "pattern" not in vars(form)
        assert list(form.places_in("nothing of it", 0, 13)) == []
    assert "pattern" in vars(form)
    assert list(form.places_in(VALUE, 0, len(VALUE))) == [(0, len(VALUE))]


def test_in_a_long_text_a_form_is_looked_for_with_its_expression() -> None:
    form = spellings_of("TOKEN", VALUE)[0]
    text = "a " * LONGEST_TRIED + VALUE
    assert list(form.places_in(text, 0, len(text))) == [(2 * LONGEST_TRIED, len(text))]
