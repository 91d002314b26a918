"""Colours and tags between the letters of a secret: what `grep --color`, rich and highlighters put there."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

_MARKUP = re.compile(r"(?:\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]{0,500}(?:\x07|\x1b\\)"
                     r"|</?(?:span|b|i|em|mark|code|font|a|strong)\b[^<>]{0,300}>)+")


@dataclass(frozen=True)
class Unmarked:
    """A text without colours and tags; `places` are where its parts begin in it, `sources` where in the original."""

    text: str
    places: tuple[int, ...]
    sources: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original something begins and ends that is at these places here; it is not empty."""
        first, last = bisect_right(self.places, start) - 1, bisect_left(self.places, end) - 1
        return self.sources[first] + start - self.places[first], self.sources[last] + end - self.places[last]


def unmarked(text: str) -> Unmarked | None:
    """The text without colours and tags; None where it has none. Costs nothing then."""
    if "\x1b" not in text and "</" not in text:
        return None
    parts, places, sources, length, after = [], [], [], 0, 0
    for found in [*_MARKUP.finditer(text), None]:
        part = text[after:found.start() if found else len(text)]
        if part:
            parts.append(part)
            places.append(length)
            sources.append(after)
            length += len(part)
        after = found.end() if found else len(text)
    return Unmarked("".join(parts), tuple(places), tuple(sources)) if len(parts) > 1 else None
