"""The forms in which a secret turns up in output: quoted in any way, in base64 and base32, byte by byte, in UTF-16."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from itertools import groupby

from runbook_lib.core.redaction.characters import Alternatives, spelled
from runbook_lib.core.redaction.spellings import Spelling

FEWEST_BITS = 36  # that all come from the secret: no ordinary text by chance
LONGEST_DUMPED = 64  # bytes; longer lines are keys, which are not read byte by byte, nor encoded twice
SHORTEST_TWICE = 10  # bytes; shorter ones would be searched for everywhere in every text
_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_BASE64 = {"+": ("+", "-", "%2B", "%2b", "\\u002b"), "/": ("/", "_", "%2F", "%2f", "\\/")}
_ALPHABET_32 = string.ascii_uppercase + "234567"
_BETWEEN_BYTES = ("", " ", ":", "-", "\\x", "\\\\x", "%", ", 0x", "\\u00", "00", ";&#x")
_BETWEEN_NUMBERS = (", ", ",", ";&#")
_NULS = ("\0", "\\x00", "\\u0000", "^@")  # as they are, and as repr, JSON and cat -v show them
# a token of hexadecimal digits, an UUID: another program prints it in other case
_HEX = re.compile(r"(?=.*[a-fA-F])[0-9a-fA-F]{2,}(?:[:-]?[0-9a-fA-F]{2,})*")


def spellings_of(name: str, value: str) -> list[Spelling]:
    """Every form of one line of a secret."""
    raw = value.encode()
    once = _in_base64(name, raw)
    forms = [Spelling(name, tuple(_elements(value)), (value,)), *once, _in_hex(name, raw), *_in_other_case(name, value)]
    if SHORTEST_TWICE <= len(raw) <= LONGEST_DUMPED:
        # a login in a file of logins, a file in a manifest
        twice = [form for one in once for form in _in_base64(name, one.literals[0].encode()) if form.is_sampled]
        wide = _in_base64(name, value.encode("utf-16-le", "surrogatepass"), rare=True)
        forms += [*twice, *_in_base32(name, raw), *wide, _in_numbers(name, raw, "d", _BETWEEN_NUMBERS),
                  _in_numbers(name, raw, "03o", ("\\", "\\\\")), _in_utf16(name, value)]
    return forms


def _elements(value: str) -> Iterator[Alternatives]:
    """A row of one sign is one element, for it is quoted in one way; letters are as they are, and lines break there."""
    for character, row in groupby(value):
        count = len(list(row))
        plain = character.isascii() and character.isalnum()
        yield from [spelled(character)] * count if plain else [spelled(character, count)]


def _in_other_case(name: str, value: str) -> list[Spelling]:
    """Hexadecimal digits mean the same in either case, and only they: what other secrets mean depends on it."""
    other = [way for way in (value.lower(), value.upper()) if way != value]
    if len(value) < 2 * SHORTEST_TWICE or not _HEX.fullmatch(value):
        return []
    elements = tuple(tuple(dict.fromkeys((one.lower(), one.upper()))) for one in value)
    return [Spelling(name, elements, tuple(other))]


def _in_base64(name: str, raw: bytes, *, rare: bool = False) -> list[Spelling]:
    """Base64 of a text that holds the bytes, at each of the three places where they can begin in a group of three."""
    forms = []
    for offset in range(3):
        known, rest = _groups(raw, offset, 6, _ALPHABET)
        if 6 * len(known) < FEWEST_BITS:
            continue
        elements: list[Alternatives] = [_BASE64.get(character, (character,)) for character in known]
        if rest:  # the next character holds the secret's last bits, and others
            ends = (character for place, character in enumerate(_ALPHABET) if f"{place:06b}".startswith(rest))
            elements.append((*(way for end in ends for way in _BASE64.get(end, (end,))[:2]), ""))
        forms.append(Spelling(name, tuple(elements), (known,), rare))
    return forms


def _in_base32(name: str, raw: bytes) -> list[Spelling]:
    """The same in base32, at each of the five places; in small letters, too."""
    forms = []
    for offset in range(5):
        known, rest = _groups(raw, offset, 5, _ALPHABET_32)
        elements: list[Alternatives] = [tuple(dict.fromkeys((one, one.lower()))) for one in known]
        if rest:
            ends = [one for place, one in enumerate(_ALPHABET_32) if f"{place:05b}".startswith(rest)]
            elements.append((*ends, *(one.lower() for one in ends), ""))
        forms.append(Spelling(name, tuple(elements), (known, known.lower()), rare=True))
    return forms


def _groups(raw: bytes, offset: int, size: int, alphabet: str) -> tuple[str, str]:
    """The characters all of whose bits come from the bytes, `offset` bytes behind where groups begin; the bits left."""
    bits = "0" * 8 * offset + "".join(f"{byte:08b}" for byte in raw)
    first, whole = -(-8 * offset // size), len(bits) // size
    known = "".join(alphabet[int(bits[size * place:size * (place + 1)], 2)] for place in range(first, whole))
    return known, bits[size * whole:]


def _in_hex(name: str, raw: bytes) -> Spelling:
    pairs = [f"{byte:02x}" for byte in raw]
    betweens = _BETWEEN_BYTES if len(raw) <= LONGEST_DUMPED else ("",)
    elements = [tuple(dict.fromkeys((pair, pair.upper()))) for pair in pairs[:1]]
    elements += [tuple(dict.fromkeys(between + one for between in sorted(betweens, key=len, reverse=True)
                                     for one in (pair, pair.upper()))) for pair in pairs[1:]]
    plainest = [between.join(pairs) for between in betweens]
    upper = [between.join(pair.upper() for pair in pairs) for between in betweens]
    return Spelling(name, tuple(elements), tuple(dict.fromkeys((*plainest, *upper))))


def _in_numbers(name: str, raw: bytes, form: str, betweens: tuple[str, ...]) -> Spelling:
    """As Python and JavaScript print a list of bytes, shells and git those of a name, HTML every letter."""
    numbers = [format(byte, form) for byte in raw]
    elements = [(numbers[0],), *(tuple(between + one for between in betweens) for one in numbers[1:])]
    return Spelling(name, tuple(elements), tuple(between.join(numbers) for between in betweens), rare=True)


def _in_utf16(name: str, value: str) -> Spelling:
    """As programs of Windows write it, read as bytes: a NUL between any two letters, whichever of both comes first."""
    elements = [(value[0],), *(tuple(between + one for between in _NULS) for one in value[1:])]
    return Spelling(name, tuple(elements), tuple(between.join(value) for between in _NULS), rare=True)
