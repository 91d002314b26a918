"""The forms in which a secret turns up in output: quoted in any way, as base64, as hexadecimal digits, wrapped."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from runbook_lib.core.redaction.characters import Alternatives, spelled

SHORTEST_BASE64 = 6  # characters whose bits all come from the secret: 36 bits, no ordinary text by chance
LONGEST_DUMPED = 64  # bytes; longer lines are keys, which are not read byte by byte, nor encoded twice
SHORTEST_TWICE = 10  # bytes; shorter ones would be searched for everywhere in every text
GRAM = 4  # characters; a text is sampled at every fourth, so that a literal of 7 is never missed
# base64 -w76, PEM, YAML and JSON break lines anywhere in a value: a line end with what indents the next line
_WRAP = r"(?:\\?\r?\n[ \t]{0,16}|(?:\\r)?\\n)?"
_LINE_ENDS = ("\r\n", "\n", "\\\n", "\\n", "\\r\\n")
_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_BASE64 = {"+": ("+", "-", "%2B", "%2b", "\\u002b"), "/": ("/", "_", "%2F", "%2f", "\\/")}
_BETWEEN_BYTES = ("", " ", ":", "-", "\\x", "\\\\x", "%")


@dataclass(frozen=True)
class Spelling:
    """One form of one secret: for each of its characters the ways to write it, and a line end between any two.

    `literals` are its plainest texts: a text without a piece of one of them cannot hold the form.
    """

    name: str
    elements: tuple[Alternatives, ...]
    literals: tuple[str, ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The form as a regular expression. Compiled on first use: most runs never meet most forms."""
        return re.compile(_WRAP.join(_one_of(element) for element in self.elements))

    @cached_property
    def width(self) -> int:
        """The most characters that it can take, but for the line ends of a text in very short lines."""
        return sum(len(element[0]) for element in self.elements) + 20 * (2 + len(self.elements) // 16)

    @property
    def is_sampled(self) -> bool:
        """Whether samples of a text always meet one of its literals, even with one line end inside."""
        plain = re.findall(r"[A-Za-z0-9]+", self.literals[0])
        rows = any(len(list(row)) >= GRAM for _, row in groupby(self.literals[0]))
        return max(map(len, plain), default=0) >= 2 * (2 * GRAM - 1) and not rows

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


def spellings_of(name: str, value: str) -> list[Spelling]:
    """Every form of one line of a secret."""
    raw = value.encode()
    once = _in_base64(name, raw)
    # a login in a file of logins, a file in a manifest
    twice = [form for one in once for form in _in_base64(name, one.literals[0].encode()) if form.is_sampled]
    return [Spelling(name, tuple(_elements(value)), (value,)), *once, _in_hex(name, raw),
            *(twice if SHORTEST_TWICE <= len(raw) <= LONGEST_DUMPED else ())]


def _elements(value: str) -> Iterator[Alternatives]:
    """A row of one sign is one element, for it is quoted in one way; letters are as they are, and lines break there."""
    for character, row in groupby(value):
        count = len(list(row))
        plain = character.isascii() and character.isalnum()
        yield from [spelled(character)] * count if plain else [spelled(character, count)]


def grams_of(literal: str) -> list[tuple[int, str]]:
    """Places and texts of the samples that show a literal; one character again and again shows nothing."""
    grams = ((place, literal[place:place + GRAM]) for place in range(len(literal) - GRAM + 1))
    return [(place, gram) for place, gram in grams if gram != gram[0] * GRAM]


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


def _in_base64(name: str, raw: bytes) -> list[Spelling]:
    """Base64 of a text that holds the bytes, at each of the three places where they can begin in a group of three."""
    forms = []
    for offset in range(3):
        bits = "0" * 8 * offset + "".join(f"{byte:08b}" for byte in raw)
        first, whole = (0, 2, 3)[offset], len(bits) // 6
        known = [_ALPHABET[int(bits[6 * place:6 * place + 6], 2)] for place in range(first, whole)]
        if len(known) < SHORTEST_BASE64:
            continue
        elements: list[Alternatives] = [_BASE64.get(character, (character,)) for character in known]
        if rest := bits[6 * whole:]:  # the next character holds the secret's last bits, and others
            ends = (character for place, character in enumerate(_ALPHABET) if f"{place:06b}".startswith(rest))
            elements.append((*(way for end in ends for way in _BASE64.get(end, (end,))[:2]), ""))
        forms.append(Spelling(name, tuple(elements), ("".join(known),)))
    return forms


def _in_hex(name: str, raw: bytes) -> Spelling:
    pairs = [f"{byte:02x}" for byte in raw]
    betweens = _BETWEEN_BYTES if len(raw) <= LONGEST_DUMPED else ("",)
    elements = [tuple(dict.fromkeys((pair, pair.upper()))) for pair in pairs[:1]]
    elements += [tuple(dict.fromkeys(between + one for between in sorted(betweens, key=len, reverse=True)
                                     for one in (pair, pair.upper()))) for pair in pairs[1:]]
    plainest = [between.join(pairs) for between in betweens]
    upper = [between.join(pair.upper() for pair in pairs) for between in betweens]
    return Spelling(name, tuple(elements), tuple(dict.fromkeys((*plainest, *upper))))


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
