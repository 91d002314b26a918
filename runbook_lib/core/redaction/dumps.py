"""The bytes that lines of a dump show (xxd, hexdump, od): a secret in them goes over several lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

# an address at the beginning of a line, or behind what Compose writes before a service's lines
_PREFIX = r"(?:[^\n|]{0,60}\| )?[ \t]{0,8}"
_ADDRESS = r"([0-9A-Fa-f]{6,16}):?(?=[ \t])"
_LINE = re.compile(rf"\n{_PREFIX}{_ADDRESS}([^\n]*)")
_FIRST = re.compile(rf"{_PREFIX}{_ADDRESS}([^\n]*)")
_BEGINNING = re.compile(rf"(?:{_PREFIX})?(?:[0-9A-Fa-f]{{0,16}}:?|{_ADDRESS}[^\n]*|\*)")
_OF_A_SERVICE = re.compile(r"[^\n|]{0,60}\|? ?")
_REPEATED = "*"  # a line like the previous one
_WIDTHS = range(1, 65)  # bytes of a line
_ESCAPES = {"\\0": 0, "\\a": 7, "\\b": 8, "\\t": 9, "\\n": 10, "\\v": 11, "\\f": 12, "\\r": 13}
_CELL = 4  # characters of one byte in od -c and hexdump -c


@dataclass(frozen=True)
class Line:
    """One line of a dump: its address as it is written, what follows it, and where that begins and ends in the text."""

    address: str
    content: str
    start: int
    end: int


def dumps_in(text: str) -> Iterator[list[Line]]:
    """The dumps in a text: lines that follow each other and begin with an address."""
    group: list[Line] = []
    first = _FIRST.match(text)
    for found in ([first] if first else []) + list(_LINE.finditer(text)):
        line = Line(found[1], found[2], found.start(2), found.end())
        if group and text[group[-1].end:found.start() + 1].strip("\r\n *"):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def readings_of(group: list[Line]) -> Iterator[list[bytes]]:
    """What the lines may mean, line by line: bytes, words of either order, octal numbers, characters."""
    width = _width(group)
    for read in (_bytes, _swapped, _octal, _octal_words, _characters):
        if any(shown := [read(line.content)[:width] for line in group]):
            yield shown


def beginning_of_dump(text: str, most: int) -> int:
    """Where the dump begins that `text` ends with and may go on, at most its last `most` lines; else its length."""
    place = text.rfind("\n") + 1
    begun = _BEGINNING.fullmatch(text, place) is not None
    if not begun and not _OF_A_SERVICE.fullmatch(text, place):
        return len(text)
    start = place if begun else len(text)
    for _ in range(most):
        before = text.rfind("\n", 0, max(0, place - 1)) + 1
        if before >= place or not (_FIRST.match(text, before) or text[before:place].strip() == _REPEATED):
            break
        start = place = before
    return start


def _width(group: list[Line]) -> int:
    """Bytes of a line: what lies between two addresses, which od prints in octal."""
    addresses = [line.address for line in group[:2]]
    for base in (16, 8):
        try:
            first, second = (int(address, base) for address in addresses)
        except ValueError:
            continue
        if second - first in _WIDTHS:
            return second - first
    return 16


def _tokens(content: str, pattern: str) -> list[str]:
    """The words of that form that a line begins with."""
    found = re.match(rf"(?:[ \t]+(?:{pattern})(?![0-9A-Za-z]))*", content)
    return found[0].split() if found else []


def _bytes(content: str) -> bytes:
    return b"".join(bytes.fromhex(one) for one in _tokens(content, "(?:[0-9A-Fa-f]{2}){1,8}"))


def _swapped(content: str) -> bytes:
    words = _tokens(content, "[0-9A-Fa-f]{4}|[0-9A-Fa-f]{8}|[0-9A-Fa-f]{16}")
    return b"".join(bytes.fromhex(one)[::-1] for one in words)


def _octal(content: str) -> bytes:
    return bytes(int(one, 8) for one in _tokens(content, "[0-3][0-7]{2}"))


def _octal_words(content: str) -> bytes:
    return b"".join(int(one, 8).to_bytes(2, "little") for one in _tokens(content, "[01][0-7]{5}"))


def _characters(content: str) -> bytes:
    cells = [content[place:place + _CELL] for place in range(0, len(content), _CELL)]
    shown = [_character(cell) for cell in cells if len(cell) == _CELL]
    return b"" if None in shown else bytes(one for one in shown if one is not None)


@lru_cache(maxsize=4096)  # any text of short words looks like a dump at first, and has the same cells again and again
def _character(cell: str) -> int | None:
    word = cell.strip()
    if len(word) <= 1:
        return ord(word or " ") if cell.endswith(word or " ") and (word or " ").isascii() else None
    return _ESCAPES.get(word, int(word, 8) if re.fullmatch("[0-3][0-7]{2}", word) else None)


