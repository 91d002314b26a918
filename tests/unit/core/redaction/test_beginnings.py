"""What a text ends with may be the beginning of a form: found from the end back, and the same as by trying each place."""

from __future__ import annotations

import random

import pytest

from runbook_lib.core.redaction.beginnings import Beginnings
from runbook_lib.core.redaction.encodings import spellings_of
from runbook_lib.core.redaction.spellings import GRAM, Spelling

VALUES = ("Zq7Wm3xK9pL2vB8nR4tU", "p<4 ss'wö/rd+&\"x", "a\\b\\\\n=r n\\r-9x", "nnrr==\\\\\\\\abcdef12")
FORMS = [form for number, value in enumerate(VALUES) for form in spellings_of(f"S{number}", value)]
ENDS = ("\n", "\r\n   ", "\\n", "\\r\\n", "=\n", "\\\n")


def beginnings(forms: list[Spelling]) -> Beginnings:
    known = Beginnings()
    for form in forms:
        known.add(form)
    return known


def by_trying(text: str, taken: list[tuple[int, int, str]]) -> int:
    """The first place at which a form begins, asked of each form at each place."""
    longest = max(form.width for form in FORMS)
    for place in range(max(0, len(text) - longest), len(text)):
        inside = any(start < place < end for start, end, _ in taken)
        for form in FORMS:
            is_begun = (not form.in_groups and len(text) - place < GRAM) or any(
                text.startswith(start[:size], place) and (size == len(start) or (not form.in_groups and text[
                    place + size:place + size + 1] in ("", "\r", "\n", "\\", "=")))
                for start in form.starts for size in range(1, len(start) + 1))
            if is_begun and not (form.turned and inside) and form.begins_at(text, place):
                return place
    return len(text)


@pytest.mark.parametrize("seed", range(12))
def test_the_first_beginning_is_the_one_that_trying_each_form_at_each_place_finds(seed: int) -> None:
    known, chance = beginnings(FORMS), random.Random(seed)
    for _ in range(6):
        literal = chance.choice(chance.choice(FORMS).literals)
        text = chance.choice(("words of a line ", "\\" * 20, "\n \n", "")) + literal[:chance.randrange(len(literal))]
        for _ in range(chance.randrange(3)):
            place = chance.randrange(len(text) + 1)
            text = text[:place] + chance.choice(ENDS) + text[place:]
        taken = [(0, chance.randrange(len(text) + 1), "S")] if text else []
        assert known.first_in(text, len(text), taken) == by_trying(text, taken), text


def test_a_dump_that_begins_sooner_counts_first() -> None:
    known = beginnings(FORMS)
    assert known.first_in(f"00 {VALUES[0][:9]}", 2, []) == 2
    assert known.first_in(f"00 {VALUES[0][:9]}", 9, []) == 3
    assert beginnings([]).first_in("anything", 8, []) == 8


def test_a_form_that_is_added_later_counts_from_then_on() -> None:
    known = beginnings(FORMS[:1])
    assert known.first_in("x later-val", 11, []) == 11
    known.add(spellings_of("L", "later-value-9")[0])
    assert known.first_in("x later-val", 11, []) == 2
