"""Encodings inside encodings: texts that a long token may mean. A secret in one of them is in the token as well.

Only letters are decoded that mean printable ASCII, which tokens hardly ever do by chance: so this costs a fraction of
the search itself.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import string
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

SHORTEST_TOKEN = 20  # characters of an encoded text
SHORTEST_HELD = 8  # of one whose rest is still to come: shorter ones are words, which are shown at once
LONGEST_QUOTED = 20_000  # of a token with percent signs, backslashes or entities
MOST_MEANT = 4  # times the length of the text: what is decoded of it, in all
_LETTERS = "A-Za-z0-9+/_-"
_NEXT_LINE = r"(?:\r?\n|\\n)[ \t]{0,16}"
# lines as they are wrapped, the last one of any length, with nothing else in it; or one alone
_TOKEN = re.compile(rf"(?<![{_LETTERS}])(?:(?:[{_LETTERS}]{{60,}}{_NEXT_LINE})+[{_LETTERS}]+(?==*(?:[\r\n\"',\\]|\Z))"
                    rf"|[{_LETTERS}]{{{SHORTEST_TOKEN},}})={{0,2}}")
_PRINTABLE = re.compile(rb"[\t\n\r -~]{9,}")
_HEX = re.compile(rf"[0-9A-Fa-f]{{{SHORTEST_TOKEN},}}")
_BASE32 = re.compile(rf"[A-Z2-7]{{{SHORTEST_TOKEN},4000}}")  # no longer ones: this is decoded in Python
_QUOTED = re.compile(r"(?<!\S)[^\s%\\&]*[%\\&]\S*")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_OF_TOKENS = string.ascii_letters + string.digits + "+/_-"
_FOR_URLS = str.maketrans("-_", "+/")

_APART = "\n\n\n"  # between what two tokens mean: no form of a secret goes over it


@dataclass(frozen=True)
class Meanings:
    """What the tokens of a text may mean, as one text. `tokens` are their places, `ends` where each meaning ends."""

    text: str
    tokens: tuple[tuple[int, int], ...]
    ends: tuple[int, ...]

    def tokens_of(self, start: int, end: int) -> tuple[tuple[int, int], ...]:
        """The tokens whose meanings are, in part, at these places."""
        return self.tokens[bisect_right(self.ends, start):bisect_left(self.ends, end) + 1]


def meanings(text: str) -> Meanings | None:
    """What the tokens of a text may mean as base64, base32, hexadecimal digits or quoted; None where none does."""
    left, tokens, meant, ends, length = MOST_MEANT * len(text), [], [], [], 0
    for start, end, inner in _meanings(text):
        length += len(inner) + len(_APART)
        if length > left:
            break
        tokens.append((start, end))
        meant.append(inner)
        ends.append(length)
    return Meanings(_APART.join(meant), tuple(tokens), tuple(ends)) if meant else None


def beginning_of_token(text: str, most: int) -> int:
    """Where the token begins that `text` ends with and may go on, at most its last `most` characters; else its end."""
    last = text[max(len(text) - most, *(text.rfind(one) + 1 for one in " \n\r\t")):]
    if any(mark in last for mark in "%\\&"):
        return len(text) - len(last)
    unpadded = last.rstrip("=")
    letters = unpadded[len(unpadded.rstrip(_OF_TOKENS)):].lstrip("+/-_")  # a line of dashes is none
    return len(text) - (len(last) - len(unpadded) + len(letters) if len(letters) >= SHORTEST_HELD else 0)


def _meanings(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _TOKEN.finditer(text):
        token = "".join(re.split(r"\s+|\\n[ \t]*", found[0].rstrip("=")))
        for raw in _decoded(token):
            for printable in _PRINTABLE.finditer(raw):
                yield found.start(), found.end(), printable[0].decode("ascii")
    for found in _QUOTED.finditer(text):
        if found.end() - found.start() <= LONGEST_QUOTED:
            yield from ((found.start(), found.end(), meant) for meant in _unquoted(found[0]))


def _decoded(token: str) -> Iterator[bytes]:
    """The bytes that a token may stand for. Where its first group begins is not known: a path may stand before it."""
    letters = token.translate(_FOR_URLS)
    for skip in range(4):
        yield binascii.a2b_base64(letters[skip:] + "A" * (-(len(letters) - skip) % 4))
    for digits in _HEX.findall(token):
        for skip in range(2):
            yield bytes.fromhex(digits[skip:skip + (len(digits) - skip) // 2 * 2])
    for letters in _BASE32.findall(token):
        for skip in range(8):
            yield base64.b32decode(letters[skip:] + "A" * (-(len(letters) - skip) % 8))


def _unquoted(token: str) -> set[str]:
    """What percent-encoding, JSON, repr and HTML make of it, each once; only where it is another text."""
    meant = {unquote_plus(token)} if "%" in token else set()
    if "\\" in token:
        meant.add(_ESCAPE.sub(lambda one: chr(int(one[1] or one[2], 16)) if one[1] or one[2] else one[3], token))
    if "&" in token:
        meant.add(html.unescape(token))
    return meant - {token}
