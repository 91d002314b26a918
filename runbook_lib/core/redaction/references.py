"""Letters that HTML writes by their numbers, `&#112;` or `&#x70;`: read as the letters that they are, in one pass."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from dataclasses import dataclass

# of a text that was escaped again `&` is `&amp;`
_BEGIN = r"&(?:amp;){0,3}#"
_ONE = rf"{_BEGIN}(?:[0-9]{{1,7}}|[xX][0-9A-Fa-f]{{1,6}});"
_REFERENCE = re.compile(rf"{_BEGIN}(?:([0-9]{{1,7}})|[xX]([0-9A-Fa-f]{{1,6}}));")
# signs between letters are written so in any page, and are alternatives of every form
_ROW = re.compile(rf"(?:{_ONE}\s{{0,20}}){{5}}")
_RUN = re.compile(rf"(?:{_ONE}\s{{0,20}})+")
_BEGUN = re.compile(r"&[A-Za-z0-9#;]{0,22}")


@dataclass(frozen=True)
class Read:
    """A text with letters for numbers. Each part begins at `places` in it, and was from `starts` to `ends` before."""

    text: str
    places: tuple[int, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original something begins and ends that is at these places here; it is not empty."""
        first, last = bisect_right(self.places, start) - 1, bisect_right(self.places, end - 1) - 1
        begin, behind = start - self.places[first], end - self.places[last]
        return (self.starts[first] + begin,  # a number is one letter, and that begins with it
                self.ends[last] if self._is_number(last) else self.starts[last] + behind)

    def _is_number(self, part: int) -> bool:
        after = self.places[part + 1] if part + 1 < len(self.places) else len(self.text)
        return after - self.places[part] != self.ends[part] - self.starts[part]


def read_references(text: str) -> Read | None:
    """The text with the letters that its numbers mean; None where it has no row of them. Costs nothing then."""
    if ("&#" not in text and ";#" not in text) or not _ROW.search(text):
        return None
    parts, places, starts, ends, length, after = list[str](), list[int](), list[int](), list[int](), 0, 0
    for found in _REFERENCE.finditer(text):
        letter = _letter(*found.groups())
        if letter is None:
            continue
        start, end = found.span()
        for part, begin, behind in ((text[after:start], after, start), (letter, start, end)):
            if part:
                parts.append(part)
                places.append(length)
                starts.append(begin)
                ends.append(behind)
                length += len(part)
        after = end
    if after < len(text):
        parts.append(text[after:])
        places.append(length)
        starts.append(after)
        ends.append(len(text))
    return Read("".join(parts), tuple(places), tuple(starts), tuple(ends))


def beginning_of_row(text: str, most: int) -> int:
    """Where a row of numbers begins that `text` ends with and may go on in another line; else its end.

    At most the last `most` characters.
    """
    first = max(0, len(text) - most)
    if "#" not in text[first:]:
        return len(text)
    last = None
    for last in _RUN.finditer(text, first):  # noqa: B007  # the last one counts
        pass
    ends = last is not None and (last.end() == len(text) or _BEGUN.fullmatch(text, last.end()))
    return last.start() if last is not None and ends else len(text)


def _letter(number: str | None, in_hex: str | None) -> str | None:
    code = int(in_hex, 16) if in_hex else int(number or 0)
    return chr(code) if code <= sys.maxunicode else None
