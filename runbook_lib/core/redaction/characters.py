"""How programs write one character: the alternatives that a search has to try in its place.

Letters and digits are written as themselves in every quoting; only encodings of the whole value change them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape

Alternatives = tuple[str, ...]

_SHORT_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", "\a": "a", "\b": "b", "\f": "f", "\v": "v", "\0": "0", "\x1b": "e"}
# quoting that doubles, leaves and re-enters, or names the character
_QUOTED = {
    "'": ("'\\''", "'\\\\''", "'\"'\"'", "'\\\"'\\\"'", "''", "&apos;", "&#39;"),
    '"': ('""', "'\"'"),
    "$": ("$$",),  # Compose
    "%": ("%%",),  # printf, cron, configparser
    " ": ("+",),  # quote_plus
    "{": ("{{",),
    "}": ("}}",),
    "!": ("'\\!'",),
    "\n": ("\r\n", "\\r\\n", "%0D%0A", "%0d%0a", " "),  # an unquoted variable in a shell turns line ends into spaces
}
# a line of JSON inside JSON doubles the backslashes of the inner one, each time
_BACKSLASHES = ("\\", "\\\\", "\\\\\\", "\\" * 7)


@lru_cache(maxsize=4096)  # the letters of encodings come again and again, in each secret
def spelled(character: str, count: int = 1) -> Alternatives:
    """The ways in which `count` of this character in a row are written, the longest first.

    A row is written in one way throughout: trying each character on its own would take exponential time.
    """
    if character.isascii() and character.isalnum():
        return (character * count,)
    if character == "\\":
        ways = {"\\" * times for times in (1, 2, 4, 8)} | _named(character)
    else:
        ways = {character, *_QUOTED.get(character, ()), *_named(character), *_short(character)}
        if character.isascii() and character.isprintable():
            ways |= {mark + character for mark in _BACKSLASHES}  # printf %q, double quotes, JSON, repr
    return tuple(sorted((way * count for way in ways), key=lambda way: (-len(way), way)))


def _short(character: str) -> set[str]:
    letter = _SHORT_ESCAPES.get(character)
    return {mark + letter for mark in _BACKSLASHES[:2]} if letter else set()


def _named(character: str) -> set[str]:
    """By number: percent-encoding, JSON, Python's and the shell's escapes, HTML entities, each in both cases."""
    raw, code = character.encode("utf-8", "surrogatepass"), ord(character)
    ways = {"".join(f"%{byte:02X}" for byte in raw)}
    ways.add("".join(f"%25{byte:02X}" for byte in raw))  # an encoded URL inside a URL
    printable = [f"={byte:02X}" for byte in raw]  # quoted-printable, in mail: lines end between any two
    ways |= {"".join(printable), *("=\n".join(("".join(printable[:cut]), "".join(printable[cut:])))
                                   for cut in range(1, len(raw)))}
    units = character.encode("utf-16-be", "surrogatepass")
    escapes = {
        "".join(f"\\u{units[place:place + 2].hex()}" for place in range(0, len(units), 2)),
        "".join(f"\\x{byte:02x}" for byte in raw),
        "".join(f"\\{byte:03o}" for byte in raw),
        *((f"\\x{code:02x}",) if code < 256 else (f"\\U{code:08x}",)),
    }
    ways |= {escape.replace("\\", "\\" * times) for escape in escapes for times in (1, 2, 4)}
    entities = {f"&#{code};", f"&#{code:03d};", f"&#x{code:x};", f"&#x{code:02x};"}
    if (name := escape(character)) != character:
        entities.add(name)
    ways |= entities | {entity.replace("&", "&amp;") for entity in entities}
    return ways | {_other_case(way) for way in ways}


def _other_case(way: str) -> str:
    """The same escape with its hexadecimal digits in the other case; the letter that marks it stays."""
    if way[0] in "%=":
        return way.lower()
    # an octal escape has no case, and a name of HTML only one
    return re.sub(r"(\\+[xuU]|&#x)([0-9a-f]+)", lambda found: found.group(1) + found.group(2).upper(), way)
