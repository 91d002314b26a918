"""Places of secrets in a text: apart from each other, and replaced by the secrets' names."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int, str]  # start and end in the text, and the secret's name


def apart(spans: Iterable[Span]) -> list[Span]:
    """The same spans in order; those that overlap become one, under the name of the longest."""
    kept: list[tuple[int, int, int, str]] = []  # start, end, size of the longest, its name
    for start, end, name in sorted(spans):
        if kept and start < kept[-1][1]:
            first, last, size, longest = kept[-1]
            better = end - start > size
            kept[-1] = (first, max(last, end), max(size, end - start), name if better else longest)
        elif end > start:
            kept.append((start, end, end - start, name))
    return [(start, end, name) for start, end, _, name in kept]


def masked(text: str, spans: list[Span]) -> str:
    """The text with ‹name› in place of each span; they are in order and apart."""
    parts, last = [], 0
    for start, end, name in spans:
        parts += [text[last:start], f"‹{name}›"]
        last = end
    return "".join([*parts, text[last:]]) if spans else text
