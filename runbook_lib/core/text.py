"""Words for people: near misses, counts, lists."""

from __future__ import annotations

import difflib


def did_you_mean(word: str, known: list[str]) -> str:
    """`; did you mean 'x'`, or nothing when no known word is near."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}" if near else ""
