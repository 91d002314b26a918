"""Long tokens of a text, and what they may mean as base64, hexadecimal digits or base32.

All tokens are decoded at once, with bytes between them that are never text: a call for each would take most of the
time.
"""

from __future__ import annotations

import binascii
import re
import string
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

SHORTEST_TOKEN = 20  # characters of an encoded text
SHORTEST_PRINTABLE = 9  # characters of what it means: fewer are met by chance
LETTERS = "A-Za-z0-9+/_-"
_NEXT_LINE = r"(?:\r?\n|\\n)[ \t]{0,16}"
# lines as they are wrapped, the last one of any length, with nothing else in it; or one alone
_TOKEN = re.compile(rf"(?<![{LETTERS}])(?:(?:[{LETTERS}]{{60,}}{_NEXT_LINE})+[{LETTERS}]+(?==*(?:[\r\n\"',\\]|\Z))"
                    rf"|[{LETTERS}]{{{SHORTEST_TOKEN},}})={{0,2}}")
_BETWEEN_LINES = re.compile(r"\s+|\\n[ \t]*")
_LONGEST_32 = 4_000  # characters of base32 that are one token
_AT_ONCE = 50_000  # characters of tokens: what is decoded takes a few times as much
_OF_TOKENS = (string.ascii_letters + string.digits + "+/_-").encode()
_FOR_URLS = bytes.maketrans(b"-_", b"+/")
_TO_DIGITS = bytes.maketrans((string.ascii_uppercase + "234567").encode(), b"0123456789abcdefghijklmnopqrstuv")


def _mask(members: bytes) -> bytes:
    """A table that makes one letter of all members, and another one of the rest."""
    return bytes(ord("x") if one in members else ord(" ") for one in range(256))


_TOKENS, _HEX = _mask(_OF_TOKENS), _mask(string.hexdigits.encode())
_BASE32, _PRINTABLE = _mask((string.ascii_uppercase + "234567").encode()), _mask(b"\t\n\r" + bytes(range(32, 127)))


def meanings_of_tokens(text: str) -> Iterator[tuple[int, int, str]]:
    """Begin and end of each token that may mean printable text, with that; token by token."""
    places, tokens, size = list[tuple[int, int]](), list[bytes](), 0
    for start, end in _tokens_in(text):
        token = text[start:end].rstrip("=")
        places.append((start, end))
        tokens.append((token if token.isascii() and "\n" not in token and "\\" not in token
                       else "".join(_BETWEEN_LINES.split(token))).encode())
        size += end - start
        if size > _AT_ONCE:
            yield from ((*places[number], meant) for number, meant in _meant(tokens))
            places, tokens, size = [], [], 0
    yield from ((*places[number], meant) for number, meant in _meant(tokens))


def _tokens_in(text: str) -> Iterator[tuple[int, int]]:
    masked, row, place = text.encode("latin-1", "replace").translate(_TOKENS), b"x" * SHORTEST_TOKEN, 0
    while (start := masked.find(row, place)) >= 0:
        found = _TOKEN.match(text, start)
        place = found.end() if found else start + 1
        if found:
            yield start, place


def _meant(tokens: Sequence[bytes]) -> Iterator[tuple[int, str]]:
    """Numbers of tokens with what they may mean, in the order of the tokens and of the encodings."""
    if not tokens:
        return
    digits = [(number, token[start:end]) for number, token in enumerate(tokens)
              for start, end in _rows(token, _HEX, SHORTEST_TOKEN)]
    letters = [(number, token[place:min(end, place + _LONGEST_32)]) for number, token in enumerate(tokens)
               for start, end in _rows(token, _BASE32, SHORTEST_TOKEN)
               for place in range(start, end, _LONGEST_32) if end - place >= SHORTEST_TOKEN]
    found = list[tuple[int, int, int, int, int, str]]()
    for kind, (rows, group, unpadded, decode) in enumerate((
            ([*enumerate(one.translate(_FOR_URLS) for one in tokens)], 4, b"A", binascii.a2b_base64),
            (digits, 2, b"", binascii.unhexlify), (letters, 8, b"A", _b32decode))):
        for skip in range(group if rows else 0):
            found += [(rows[row][0], kind, row, skip, place, meant)
                      for row, place, meant in _printable([one for _, one in rows], skip, group, unpadded, decode)]
    yield from ((number, meant) for number, *_, meant in sorted(found))


def _printable(rows: Sequence[bytes], skip: int, group: int, padding: bytes,
               decode: Callable[[bytes], bytes]) -> Iterator[tuple[int, int, str]]:
    """Numbers of rows, places and texts of what is printable in them where the first group begins behind `skip`.

    Without a padding the last group is left out where it is not whole.
    """
    parts, ends, end, between = [], [], 0, _NEVER_PRINTED[group]
    for row in rows:
        size = len(row) - skip
        part = row[skip:] + padding * (-size % group) if padding else row[skip:skip + size // group * group]
        parts.append(part)
        end += len(part) + len(between)
        ends.append(end)
    raw = decode(between.join(parts))
    for start, behind in _rows(raw, _PRINTABLE, SHORTEST_PRINTABLE):
        # as many bytes of what is decoded as characters before, by the length of a group
        yield (bisect_right(ends, start * group // _BYTES[group]), start, raw[start:behind].decode("ascii"))


# of each group of characters: the bytes that it means, and a group of bytes that are no text
_BYTES = {4: 3, 2: 1, 8: 5}
_NEVER_PRINTED = {4: b"////", 2: b"ff", 8: b"77777777"}


def _rows(data: bytes, table: bytes, least: int) -> Iterator[tuple[int, int]]:
    """Begin and end of each row of at least so many bytes that the table has as members."""
    masked, row, end = data.translate(table), b"x" * least, 0
    while (start := masked.find(row, end)) >= 0:
        end = masked.find(b" ", start)
        end = len(data) if end < 0 else end
        yield start, end


def _b32decode(letters: bytes) -> bytes:
    """As in the standard library, where this is done in Python, group by group."""
    return int(letters.translate(_TO_DIGITS), 32).to_bytes(len(letters) // 8 * 5, "big")
