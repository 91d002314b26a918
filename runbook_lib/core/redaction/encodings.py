"""The forms in which a secret turns up in output: quoted, in base64, base32, base85, byte by byte, in wide letters."""

from __future__ import annotations

import codecs
import re
import string
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

from runbook_lib.core.redaction.characters import Alternatives, spelled
from runbook_lib.core.redaction.spellings import Spelling

FEWEST_BITS = 36  # that all come from the secret: no ordinary text by chance
LONGEST_DUMPED = 64  # bytes; longer lines are keys, which are not read byte by byte, nor encoded twice
SHORTEST_TWICE = 10  # bytes; shorter ones would be searched for everywhere in every text
_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_BASE64 = {"+": ("+", "-", "%2B", "%2b", "\\u002b"), "/": ("/", "_", "%2F", "%2f", "\\/")}
_ALPHABET_32 = string.ascii_uppercase + "234567"
# what is put between digits; the last two are the zeros of UTF-16 and UTF-32
_BETWEEN_BYTES = ("", " ", ":", "-", ",", ", ", ".", "_", "|", "\\x", "\\\\x", "%", ", 0x", ",0x", " 0x",
                  "\\u00", "', '", '", "', '","', "00", "000000")
_BETWEEN_NUMBERS = (", ", ",", " ")
_BETWEEN_BITS = (" ", "")
_NULS = ("\0", "\\x00", "\\u0000", "^@")  # as they are, and as repr, JSON and cat -v show them
# Ascii85, and base85 as in RFC 1924 (git, Python) and in ZeroMQ's RFC 32
_ALPHABETS_85 = (
    "".join(map(chr, range(33, 118))),
    string.digits + string.ascii_uppercase + string.ascii_lowercase + "!#$%&()*+-;<=>?@^_`{|}~",
    string.digits + string.ascii_lowercase + string.ascii_uppercase + ".-:+=^!/*?&<>()[]{}@%$#",
)
_ALPHABET_UU = "`" + "".join(map(chr, range(33, 96)))
# a token of hexadecimal digits, an UUID: another program prints it in other case
_HEX = re.compile(r"(?=.*[a-fA-F])[0-9a-fA-F]{2,}(?:[:-]?[0-9a-fA-F]{2,})*")


@lru_cache(maxsize=64)  # a process has several redactors, which learn the same secrets; it has those as long as this
def spellings_of(name: str, value: str) -> tuple[Spelling, ...]:
    """Every form of one line of a secret."""
    raw = value.encode()
    once = _in_base64(name, raw)
    forms = [Spelling(name, tuple(_elements(value)), (value,)), *once, _in_hex(name, raw), *_in_other_case(name, value)]
    if SHORTEST_TWICE <= len(raw) <= LONGEST_DUMPED:
        # a login in a file of logins, a file in a manifest
        twice = [form for one in once for form in _in_base64(name, one.literals[0].encode()) if form.is_sampled]
        # without the zeros behind the last letter: in big-endian order they are the next one's
        wide = [form for code, zeros in (("utf-16-le", 1), ("utf-32-le", 3))
                for form in _in_base64(name, value.encode(code, "surrogatepass")[:-zeros], rare=True)]
        forms += [*twice, *_in_base32(name, raw), *wide, *_in_base85(name, raw), *_in_uuencode(name, raw),
                  _in_numbers(name, raw, "d", _BETWEEN_NUMBERS), _in_numbers(name, raw, "08b", _BETWEEN_BITS),
                  _in_numbers(name, raw, "03o", ("\\", "\\\\", " ")), _in_wide_letters(name, value),
                  *_turned(name, value)]
    return tuple(forms)


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


def _turned(name: str, value: str) -> list[Spelling]:
    """What people do to a value so that a filter does not know it: from back to front, in rot13, and both."""
    ways = {way for one in (value, codecs.encode(value, "rot13")) for way in (one, one[::-1])} - {value}
    return [Spelling(name, tuple(spelled(one) for one in way), (way,), rare=True, turned=True) for way in sorted(ways)]


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
    """As Python and JavaScript print a list of bytes, shells and git those of a name."""
    numbers = [format(byte, form) for byte in raw]
    elements = [(numbers[0],), *(tuple(between + one for between in betweens) for one in numbers[1:])]
    return Spelling(name, tuple(elements), tuple(between.join(numbers) for between in betweens), rare=True)


def _in_wide_letters(name: str, value: str) -> Spelling:
    """As programs of Windows write it, read as bytes: a NUL between any two letters, whichever of both comes first; in
    UTF-32 three of them.
    """
    nuls = (*(3 * one for one in _NULS), *_NULS)
    elements = [(value[0],), *(tuple(between + one for between in nuls) for one in value[1:])]
    return Spelling(name, tuple(elements), tuple(between.join(value) for between in nuls), rare=True)


def _in_base85(name: str, raw: bytes) -> list[Spelling]:
    """The groups of four bytes that are the secret's alone, at each of the four places where they can begin.

    What stands in groups with others goes along: five letters before, and as many behind as its last bytes take.
    """
    forms = []
    for alphabet in _ALPHABETS_85:
        for offset in range(4):
            first = -offset % 4
            groups = [raw[place:place + 4] for place in range(first, len(raw) - 3, 4)]
            known = "".join(_letters_85(group, alphabet) for group in groups)
            rest = (len(raw) - first) % 4
            if len(groups) > 1:
                forms.append(Spelling(name, tuple(spelled(one) for one in known), (known,), rare=True,
                                      before=5 if first else 0, behind=rest + 1 if rest else 0, in_groups=True))
    return forms


def _letters_85(group: bytes, alphabet: str) -> str:
    number = int.from_bytes(group, "big")
    return "".join(alphabet[number // 85 ** power % 85] for power in range(4, -1, -1))


def _in_uuencode(name: str, raw: bytes) -> list[Spelling]:
    """As base64 with other letters. Its lines of 45 bytes begin with their length: what goes over one is two pieces."""
    forms = []
    for offset in range(3):
        known, rest = _groups(raw, offset, 6, _ALPHABET_UU)
        elements: list[Alternatives] = [("`", " ") if one == "`" else spelled(one) for one in known]
        if rest:
            elements.append((*(one for place, one in enumerate(_ALPHABET_UU) if f"{place:06b}".startswith(rest)), ""))
        forms.append(Spelling(name, tuple(elements), (known,), rare=True, in_groups=True))
    return forms
