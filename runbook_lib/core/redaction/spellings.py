"""One form in which a secret turns up in output: how it is searched for, and what samples show it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

from runbook_lib.core.redaction.characters import Alternatives

GRAM = 4  # characters; a text is sampled at every fourth, so that a literal of 7 is never missed
MOST_PLACES = 4  # of one sample in one form: a secret that repeats itself is found by any of them
_PLAIN = re.compile(rf"[A-Za-z0-9]{{{2 * (2 * GRAM - 1)}}}")
_LETTER = re.compile("[A-Za-z0-9]")
_ROW = re.compile(rf"(.)\1{{{GRAM - 1}}}", re.DOTALL)  # one character again and again shows nothing
LONG, THIN = 40, 12  # characters: a half of 20 holds four samples in a row that begin at a multiple of 12
# characters, and times; a longer text is searched sooner than it is tried, and what is asked for often as well
LONGEST_TRIED, MOST_TRIES = 20_000, 50
# base64 -w76, PEM, YAML and JSON break lines anywhere in a value: a line end with what indents the next line
_WRAP = r"(?:[\\=]?\r?\n[ \t]{0,16}|(?:\\r)?\\n)?"
_LINE_ENDS = ("\r\n", "\n", "\\\n", "\\n", "\\r\\n", "=\n", "=\r\n")


@dataclass(frozen=True)
class Spelling:
    """One form of one secret: for each of its characters the ways to write it, and a line end between any two.

    `literals` are its plainest texts: a text without a piece of one of them cannot hold the form. `rare`: programs
    hardly ever write it, and it is not worth a search through every text for one that a line end cuts. `before` and
    `behind` are letters around it that hold parts of the secret together with others'; `in_groups` such a form.
    `turned`: a secret as it is ends with the first letter of this one.
    """

    name: str
    elements: tuple[Alternatives, ...]
    literals: tuple[str, ...]
    rare: bool = False
    before: int = 0
    behind: int = 0
    in_groups: bool = False
    turned: bool = False
    tries: Iterator[int] = field(default_factory=count, compare=False, repr=False)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The form as a regular expression. Compiled on first use: most runs never meet most forms."""
        known = _WRAP.join(_one_of(element) for element in self.elements)
        around = (rf"\S{{0,{size}}}" if size else "" for size in (self.before, self.behind))
        return re.compile(known.join(around))

    def places_in(self, text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Where the form stands between `start` and `end`. Its expression is made where it can stand at all: making it
        takes a hundred times as long as the search, and most samples are of other words.
        """
        made = "pattern" in vars(self) or next(self.tries) >= MOST_TRIES or end - start > LONGEST_TRIED
        if made or self._may_be_in(text[start:end]):
            yield from (found.span() for found in self.pattern.finditer(text, start, end))

    def _may_be_in(self, text: str) -> bool:
        """Whether each of its characters is there in one of its ways, wherever."""
        return all(any(way in text for way in element) for element in self.elements)

    @cached_property
    def _rows(self) -> tuple[bytes, ...]:
        """Letters and digits in a row that are written in one way alone, the longest first.

        Not the first ones where they are those of a line end: what is a backslash before them may belong to the value.
        """
        letters = "".join(one[0] if len(one) == 1 and len(one[0]) == 1 and _LETTER.fullmatch(one[0]) else " "
                          for one in self.elements)
        rows = {row.lstrip("nr") for row in letters.split()}
        return tuple(sorted((row.encode() for row in rows if len(row) > 1), key=len, reverse=True))

    def may_be_in(self, bare: bytes) -> bool:
        """Whether a text that is so without its line ends may hold the form: nearly none does, and this asks sooner."""
        return all(row in bare for row in self._rows)

    @cached_property
    def width(self) -> int:
        """The most characters that it can take, but for the line ends of a text in very short lines."""
        return sum(len(element[0]) for element in self.elements) + 20 * (2 + len(self.elements) // 16)

    @cached_property
    def samples(self) -> tuple[tuple[str, str, int], ...]:
        """The samples that show one of its literals, with that literal and their place in it."""
        found = []
        for number, literal in enumerate(self.literals):
            counted: dict[str, int] = {}
            for place, gram in grams_of(literal, thin=self.rare or number > 0):
                counted[gram] = counted.get(gram, 0) + 1
                if counted[gram] <= MOST_PLACES:
                    found.append((gram, literal, place))
        return tuple(found)

    @cached_property
    def starts(self) -> frozenset[str]:
        """Its first characters, each way to write them."""
        return frozenset(starts_of(self))

    @property
    def is_sampled(self) -> bool:
        """Whether samples of a text always meet one of its literals, even with one line end inside."""
        if self.rare:
            return True
        return bool(_PLAIN.search(self.literals[0])) and not _ROW.search(self.literals[0])

    def begins_at(self, text: str, start: int) -> bool:
        """Whether `text` from `start` to its end is this form's beginning, and its rest may still come."""
        tried: set[tuple[int, int]] = set()
        waiting = [(0, start)]
        while waiting:
            here = waiting.pop()
            if here in tried or here[0] == len(self.elements):
                continue
            tried.add(here)
            number, place = here
            for way in self.elements[number]:
                if text.startswith(way, place):
                    waiting += [(number + 1, place + len(way))]
                elif len(text) - place < len(way) and way.startswith(text[place:]):
                    return True
            if number and any(end.startswith(text[place:]) for end in _LINE_ENDS):
                return True
            if number:
                waiting += [(number, after) for after in _after_wrap(text, place)]
        return False


def without_line_ends(text: str) -> bytes:
    """The letters and digits of a text, next to each other also where a line end is between them; not to be shown."""
    if "\\n" in text:
        text = text.replace("\\r\\n", "").replace("\\n", "")
    return text.encode("latin-1", "replace").translate(None, b"\r\n\\= \t")


def grams_of(literal: str, *, thin: bool = False) -> list[tuple[int, str]]:
    """Places and texts of the samples that show a literal; one character again and again shows nothing.

    `thin`: of a long one only as many as show any half of it.
    """
    places = range(len(literal) - GRAM + 1)
    if thin and len(literal) >= LONG:
        places = [place for place in places if place % THIN < GRAM]  # type: ignore[assignment]
    return [(place, gram) for place in places if (gram := literal[place:place + GRAM]) != gram[0] * GRAM]


def starts_of(spelling: Spelling, most: int = 300) -> set[str]:
    """The first characters that the form can have, up to `GRAM` of them."""
    starts = {""}
    for element in spelling.elements:
        longer = {start + way if len(start) < GRAM else start for start in starts for way in element}
        if len(longer) > most:
            break
        starts = longer
        if min(map(len, starts)) >= GRAM:
            break
    return {start[:GRAM] for start in starts}


def _after_wrap(text: str, place: int) -> list[int]:
    """The places where a value may go on after a line end at `place`."""
    found = []
    for end in _LINE_ENDS:
        if text.startswith(end, place):
            after = place + len(end)
            found += [after, after + len(text[after:after + 16]) - len(text[after:after + 16].lstrip(" \t"))]
    return found


def _one_of(ways: Alternatives) -> str:
    return re.escape(ways[0]) if len(ways) == 1 else f"(?:{'|'.join(map(re.escape, ways))})"
