"""A secret that a table shows in several lines of one cell: pieces that go on where the previous one ended."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence

SHORTEST_PIECE = 5  # characters; shorter ones are met by chance
MOST_BETWEEN = 2_000  # characters from one piece to the next: a line of a wide table
_BORDER = r"\s|│┃║¦,;'\""

Piece = tuple[int, int, int]  # start and end in the text, and the place in the whole


def telling_pieces(text: str, whole: str, pieces: Iterable[Piece], least: int) -> Iterator[tuple[int, int]]:
    """The places of pieces that alone, or with those that continue them in later lines, have `least` characters."""
    at: dict[int, list[Piece]] = {}
    for piece in sorted(set(pieces)):
        at.setdefault(piece[2], []).append(piece)
    for piece in sorted(piece for some in at.values() for piece in some):
        if piece[1] - piece[0] < least and piece[2] + piece[1] - piece[0] not in at:
            continue  # too short, and none goes on where it ends
        chain = [piece]
        while following := _continued(text, chain[-1], at):
            chain.append(following)
        if sum(end - start for start, end, _ in chain) >= least:
            yield from ((start, end) for start, end, _ in chain)
            yield from _rest(text, whole, chain[-1])


def _continued(text: str, piece: Piece, at: Mapping[int, Sequence[Piece]]) -> Piece | None:
    """The first piece in a later line that goes on where this one ends; `at` has them by their place in the whole.

    Looked up and not tried one after the other: a dump of escaped bytes has a piece in each of its characters.
    """
    start, end, place = piece
    some = at.get(place + end - start, ())
    line = text.find("\n", end, end + MOST_BETWEEN) if some else -1
    number = bisect_right(some, (line, len(text), 0)) if line >= 0 else len(some)
    return some[number] if number < len(some) and some[number][0] - end <= MOST_BETWEEN else None


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
