"""What of a secret is searched for: its lines, trimmed, and nothing that stands in ordinary text."""

from __future__ import annotations

import re
from collections.abc import Set
from urllib.parse import unquote

SHORTEST = 4  # characters; shorter values would blank ordinary words
SHORTEST_LINE = 8  # of a value of several lines
SHORTEST_OF_LETTERS = 8  # only letters, or only digits
FEWEST_DIFFERENT = 3  # characters
_ARMOUR = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]+-----")
_CREDENTIALS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/:@]*:([^\s/@]+)@", re.IGNORECASE)
# of a webhook the path is the credential: whoever replies repeats it without the host
_WEBHOOK = re.compile(r"https?://[^\s/@]+/([^\s@]{16,})", re.IGNORECASE)
SHORTEST_SEGMENT = 16  # of such a path
# what people use until there is a password, and what programs print anyway
_COMMON = frozenset({
    "administrator", "authorization", "changeit", "changeme", "configuration", "container", "database", "default",
    "deploy", "deployment", "development", "environment", "localhost", "password", "password1", "password123",
    "postgres", "postgresql", "production", "prometheus", "redacted", "rollback", "secret", "secrets", "staging",
    "username",
})


def reason_not_redacted(value: str, words: Set[str] = frozenset()) -> str:
    """Why a value cannot be distinguished from ordinary text; empty when it can. `words` are our own, in lower case."""
    text = value.strip()
    if not text:
        return "it is empty"
    if len(text) < SHORTEST:
        return f"it is shorter than {SHORTEST} characters"
    if text.lower() in words or text.lower() in _COMMON:
        return "it is a word that stands in ordinary output"
    if (text.isalpha() or text.isdecimal()) and len(text) < SHORTEST_OF_LETTERS:
        return f"it is fewer than {SHORTEST_OF_LETTERS} letters or digits"
    if len(set(text)) < FEWEST_DIFFERENT:
        return "it repeats one or two characters"
    return ""


def units_of(value: str, words: Set[str] = frozenset()) -> list[str]:
    """The pieces to search for, the longest first: a value of one line whole, the others line by line.

    A short line is searched for together with the previous one; the frame of a PEM file is public. The password
    of an address that holds one is a piece of its own, as it is written there and decoded.
    """
    text = value.strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    pieces = {text} if len(lines) == 1 else set()
    for before, line in zip(["", *lines], lines, strict=False):
        if len(lines) > 1 and not _ARMOUR.fullmatch(line):
            long_enough = len(line) >= SHORTEST_LINE or _ARMOUR.fullmatch(before) or not before
            pieces.add(line if long_enough else f"{before}\n{line}")
    passwords = {found.group(1) for found in _CREDENTIALS.finditer(text)}
    pieces |= passwords | {unquote(password) for password in passwords}
    if webhook := _WEBHOOK.fullmatch(text):
        pieces |= {webhook[1], *(one for one in re.split(r"[/?&=#]", webhook[1]) if len(one) >= SHORTEST_SEGMENT)}
    searched = [piece for piece in pieces if not reason_not_redacted(piece, words)]
    return sorted(searched, key=lambda piece: (-len(piece), piece))
