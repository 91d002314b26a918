"""Encodings inside encodings: texts that a long token may mean. A secret in one of them is in the token as well.

Only letters are decoded that mean printable ASCII, which tokens hardly ever do by chance: so this costs a fraction of
the search itself.
"""

from __future__ import annotations

import html
import re
import string
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

from runbook_lib.core.redaction.tokens import meanings_of_tokens

SHORTEST_HELD = 8  # of one whose rest is still to come: shorter ones are words, which are shown at once
LONGEST_QUOTED = 20_000  # of a token with percent signs, backslashes or entities
MOST_MEANT = 4  # times the length of the text: what is decoded of it, in all
_QUOTED = re.compile(r"(?<!\S)[^\s%\\&]*[%\\&]\S*")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_AT_ONCE = 100_000  # characters of such tokens
_OF_TOKENS = string.ascii_letters + string.digits + "+/_-"

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
    yield from meanings_of_tokens(text)
    places, size = list[tuple[int, int]](), 0
    for found in _QUOTED.finditer(text):
        start, end = found.span()
        if end - start <= LONGEST_QUOTED:
            places.append((start, end))
            size += end - start
            if size > _AT_ONCE:
                yield from _of_quoted(text, places)
                places, size = [], 0
    yield from _of_quoted(text, places)


def _of_quoted(text: str, places: list[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """What the tokens at these places mean: each that is there again and again is read once."""
    tokens = [text[start:end] for start, end in places]
    unquoted = _without_percent([one for one in dict.fromkeys(tokens) if "%" in one])
    meant = {one: _unquoted(one, unquoted.get(one, one)) for one in dict.fromkeys(tokens)}
    for (start, end), token in zip(places, tokens, strict=True):
        for one in meant[token]:
            yield start, end, one


def _without_percent(tokens: list[str]) -> dict[str, str]:
    """Tokens with what percent-encoding makes of them: all at once, one a line, as a call for each takes most of the
    time. Those that mean a line end are read on their own.
    """
    alone = [one for one in tokens if "%0A" in one or "%0a" in one]
    lines = [one for one in tokens if "%0A" not in one and "%0a" not in one] if alone else tokens
    return {**dict(zip(lines, unquote_plus("\n".join(lines)).split("\n"), strict=False)),
            **{one: unquote_plus(one) for one in alone}}


def _unquoted(token: str, without_percent: str) -> set[str]:
    """What percent-encoding, JSON, repr and HTML make of it, each once; only where it is another text."""
    meant = {without_percent}
    if "\\" in token:
        meant.add(_ESCAPE.sub(lambda one: chr(int(one[1] or one[2], 16)) if one[1] or one[2] else one[3], token))
    if "&" in token:
        meant.add(html.unescape(token))
    return meant - {token}
