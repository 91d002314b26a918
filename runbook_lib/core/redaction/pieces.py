"""A secret that a table shows in several lines of one cell: pieces that go on where the previous one ended."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

SHORTEST_PIECE = 5  # characters; shorter ones are met by chance
MOST_BETWEEN = 2_000  # characters from one piece to the next: a line of a wide table
_BORDER = r"\s|│┃║¦,;'\""

Piece = tuple[int, int, int]  # start and end in the text, and the place in the whole


def telling_pieces(text: str, whole: str, pieces: Iterable[Piece], least: int) -> Iterator[tuple[int, int]]:
    """The places of pieces that alone, or with those that continue them in later lines, have `least` characters."""
    ordered = sorted(set(pieces))
    for number, piece in enumerate(ordered):
        chain = [piece]
        for other in ordered[number + 1:]:
            if other[0] - chain[-1][1] > MOST_BETWEEN:
                break
            if _continues(text, chain[-1], other):
                chain.append(other)
        if sum(end - start for start, end, _ in chain) >= least:
            yield from ((start, end) for start, end, _ in chain)
            yield from _rest(text, whole, chain[-1])


def _continues(text: str, piece: Piece, other: Piece) -> bool:
    start, end, place = piece
    return other[2] == place + end - start and other[0] > end and "\n" in text[end:other[0]]


def _rest(text: str, whole: str, last: Piece) -> Iterator[tuple[int, int]]:
    """The last characters, in a cell of the next line: too few to be found alone."""
    start, end, place = last
    rest = whole[place + end - start:]
    line = text.find("\n", end, end + MOST_BETWEEN)
    if not 0 < len(rest) <= 2 * SHORTEST_PIECE or line < 0:
        return
    found = re.compile(rf"\n[^\n]*?(?<![^{_BORDER}])({re.escape(rest)})(?![^{_BORDER}])").match(text, line)
    if found:
        yield found.span(1)
