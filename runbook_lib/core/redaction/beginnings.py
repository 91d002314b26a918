"""Where a text ends with the beginning of a form whose rest is still to come.

Read from its end back: what stands there must be two neighbouring letters of a form again and again, and of nearly any
text it is of none after a few letters. So the cost is that of those letters, whatever the text is and however many
forms there are; each form is one bit of a number.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import lru_cache
from operator import add
from typing import Any

from runbook_lib.core.redaction.characters import Alternatives
from runbook_lib.core.redaction.spans import Span
from runbook_lib.core.redaction.spellings import GRAM, Spelling

LONGEST_HELD = 16_384  # characters of a stream that are held back for a form whose end is still to come
MOST_BACKSLASHES = 16  # in a row, but for characters that are written with backslashes alone
_OF_LINE_ENDS = frozenset("\r\n\\= \t")  # these may stand between any two letters of a form
_BEHIND_A_BACKSLASH = frozenset("nr")  # and these, then
_BEFORE_LINE_ENDS = ("", "\r", "\n", "\\", "=")


class Beginnings:
    """The beginnings of forms, to be looked for at the end of a text."""

    def __init__(self) -> None:
        self._forms: list[Spelling] = []
        self._counted = 0  # of the forms; the others are counted when a text is first asked for
        self._starts: dict[str, int] = {}
        self._begun: dict[str, int] = {}
        self._letters: dict[str, int] = {}
        self._pairs: dict[str, int] = {}
        self._too_long: dict[int, int] = {}  # by letters that are one too many, without line ends
        self._too_many: dict[int, int] = {}  # and by backslashes in a row
        self._longest = 0
        self._counting = threading.Lock()

    def add(self, form: Spelling) -> None:
        """Take one more form in."""
        self._forms.append(form)

    def first_in(self, text: str, end: int, taken: list[Span]) -> int:
        """The first place before `end` from which `text` may be a form's beginning; else `end`.

        A form that is turned does not begin within what is `taken` already.
        """
        with self._counting:  # two threads print at once
            for form in self._forms[self._counted:]:
                self._count(form)
        for place, able in reversed([*self._able(text)]):
            if place < end and self._begins(text, place, able, taken):
                return place
        return end

    def _begins(self, text: str, place: int, able: int, taken: list[Span]) -> bool:
        for size in range(min(GRAM, len(text) - place), 0, -1):
            piece = text[place:place + size]
            forms = self._starts.get(piece, 0)
            # less than a start counts at the end of the text, or where a line end may be in the middle of it
            if text[place + size:place + size + 1] in _BEFORE_LINE_ENDS:
                forms |= self._begun.get(piece, 0)
            for form in self._of(forms & able):
                within = form.turned and any(start < place < end for start, end, _ in taken)
                if not within and form.begins_at(text, place):
                    return True
        return False

    def _able(self, text: str) -> Iterator[tuple[int, int]]:
        """Places from the last one back, and the forms of which all that stands behind them may be a part."""
        able, after, letters, backslashes = (1 << self._counted) - 1, "", 0, 0
        for place in range(len(text) - 1, max(0, len(text) - self._longest) - 1, -1):
            letter = text[place]
            backslashes = backslashes + 1 if letter == "\\" else 0
            if letter in _OF_LINE_ENDS or (letter in _BEHIND_A_BACKSLASH and text[place - 1:place] == "\\"):
                after = ""
                able &= ~self._too_many.get(backslashes, 0)
            else:
                letters += 1
                able &= self._pairs.get(letter + after, 0) if after else self._letters.get(letter, 0)
                able &= ~self._too_long.get(letters, 0)
                after = letter
            if not able:
                return
            yield place, able

    def _of(self, forms: int) -> Iterator[Spelling]:
        while forms:
            last = forms & -forms
            yield self._forms[last.bit_length() - 1]
            forms ^= last

    def _count(self, form: Spelling) -> None:
        bit = 1 << self._counted
        for start in form.starts:
            _mark(self._starts, start, bit)
            # forms in groups begin with any letter: for one of them alone no text is held back
            for size in range(1, len(start) if not form.in_groups else 1):
                _mark(self._begun, start[:size], bit)
        lasts, longest, row, backslashes = frozenset[str](), 0, 0, 0
        letters, pairs = set[str](), set[str]()
        plain = "".join(element[0] if len(element) == 1 == len(element[0]) else " " for element in form.elements)
        if " " not in plain:  # most forms are written in one way: by one loop that runs in C
            letters, pairs, longest = set(plain), set(map(add, plain, plain[1:])), len(plain)
        for element in form.elements if not longest else ():
            inner, within, firsts, ends, most = _parts(element)
            letters |= inner
            pairs |= within
            pairs.update(last + first for last in lasts for first in firsts)
            lasts = ends | lasts if "" in element else ends
            longest += max(map(len, element))
            row = row + most if most else 0
            backslashes = max(backslashes, row)
        for letter in letters:
            _mark(self._letters, letter, bit)
        for pair in pairs:
            _mark(self._pairs, pair, bit)
        _mark(self._too_long, longest + 1, bit)
        _mark(self._too_many, backslashes + MOST_BACKSLASHES + 1, bit)
        self._longest = min(LONGEST_HELD, max(self._longest, form.width))
        self._counted += 1


def _mark(known: dict[Any, int], key: str | int, bit: int) -> None:
    known[key] = known.get(key, 0) | bit


@lru_cache(maxsize=4096)  # the letters of encodings come again and again
def _parts(element: Alternatives) -> tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str], int]:
    """Of the ways to write one character: all letters, all pairs of neighbours, the first letters and the last ones,
    and the most backslashes that are all of it.
    """
    pairs = {way[place:place + 2] for way in element for place in range(len(way) - 1)}
    return (frozenset("".join(element)), frozenset(pairs), frozenset(way[0] for way in element if way),
            frozenset(way[-1] for way in element if way),
            max((len(way) for way in element if not way.strip("\\")), default=0))
