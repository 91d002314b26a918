"""The samples of forms that a text holds: a text is read at every fourth character, by loops that Python runs in C."""

from __future__ import annotations

import math
from collections.abc import Iterator, Set
from itertools import compress

from runbook_lib.core.redaction.pieces import SHORTEST_PIECE, Piece, telling_pieces
from runbook_lib.core.redaction.spans import Span
from runbook_lib.core.redaction.spellings import GRAM, Spelling

SHORTEST_CUT = 8  # characters of a secret that was cut: a shorter rest may be an ordinary word
TELLING_PART = 0.6  # of a secret; less of it tells little, and may be what others have in common with it
LONGEST_UNTOLD = 40  # characters; more than that tells, however long the whole is
_APART = "\0"  # between two words
# a literal, the place of the sample in it, and the literal's number
Sample = tuple[str, int, int]


class Samples:
    """Every form by its samples. `words` are our own: a piece of one of them is never one of a secret."""

    def __init__(self, words: Set[str]) -> None:
        self._words = _APART.join(words)
        self._grams: dict[str, dict[int, tuple[Spelling, int, list[Sample]]]] = {}
        self._numbers, self._numbered = frozenset[int](), 0
        self._literals: dict[tuple[str, str], int] = {}

    def add(self, form: Spelling) -> None:
        """Take one more form in."""
        for gram, literal, place in form.samples:
            number = self._literals.setdefault((form.name, literal), len(self._literals))
            _, _, samples = self._grams.setdefault(gram, {}).setdefault(id(form), (form, form.width, []))
            samples.append((literal, place, number))

    def found_in(self, text: str) -> tuple[list[Span], list[tuple[Spelling, list[list[int]]]]]:
        """Pieces of secrets that are long enough to tell, and where which form is to be looked for."""
        pieces, windows = dict[int, set[Piece]](), dict[int, tuple[Spelling, list[list[int]]]]()
        known: dict[tuple[int, int], int] = {}  # by literal and where it would begin: how far the last piece goes
        for place in self._places(text):
            left, right = text[place - 1:place], text[place + GRAM:place + GRAM + 1]
            for number, (form, width, samples) in self._grams[text[place:place + GRAM]].items():
                for literal, offset, which in samples:
                    if left != literal[offset - 1:offset] and right != literal[offset + GRAM:offset + GRAM + 1]:
                        continue  # too short a piece: the sample alone
                    if known.get((which, place - offset), 0) < place + GRAM:
                        piece = _piece(text, place, literal, offset)
                        known[which, place - offset] = piece[1]
                        if self._is_telling(text, piece):
                            pieces.setdefault(which, set()).add(piece)
                if number not in windows:
                    windows[number] = form, [[max(0, place - width), place + GRAM + width]]
                elif place - width <= (last := windows[number][1][-1])[1]:
                    last[1] = place + GRAM + width
                else:
                    windows[number][1].append([place - width, place + GRAM + width])
        names = [*self._literals] if pieces else []
        return [(*span, names[which][0]) for which, some in pieces.items()
                for span in telling_pieces(text, names[which][1], some, _least(names[which][1]))], [*windows.values()]

    def _places(self, text: str) -> Iterator[int]:
        """Places of samples. A number for four letters of Latin-1 is looked up sooner than a text; what has others in
        it is looked up again as a text.
        """
        if self._numbered != len(self._grams):  # another thread may add one meanwhile: it is asked for again
            grams = [*self._grams]
            self._numbers = frozenset(memoryview(_bytes("".join(grams))).cast("I"))
            self._numbered = len(grams)
        count = len(text) // GRAM
        numbers = memoryview(_bytes(text))[:count * GRAM].cast("I")  # of four bytes
        for place in compress(range(0, count * GRAM, GRAM), map(self._numbers.__contains__, numbers)):
            if text[place:place + GRAM] in self._grams:
                yield place

    def _is_telling(self, text: str, piece: Piece) -> bool:
        start, end, _ = piece
        # a secret may begin with a name of ours: that is none of it
        if end - start < SHORTEST_PIECE or not self._words:
            return end - start >= SHORTEST_PIECE
        return _APART in (shown := text[start:end].lower()) or shown not in self._words


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _piece(text: str, place: int, literal: str, offset: int) -> Piece:
    """The piece of `literal` around a sample of it: what is left of a secret that others cut, too."""
    before = 0
    while before < min(place, offset) and text[place - before - 1] == literal[offset - before - 1]:
        before += 1
    after, most = GRAM, min(len(text) - place, len(literal) - offset)
    while after < most and text[place + after] == literal[offset + after]:
        after += 1
    return place - before, place + after, offset - before


def _least(literal: str) -> int:
    """The fewest characters of it that tell."""
    return max(SHORTEST_CUT, min(math.ceil(TELLING_PART * len(literal)), LONGEST_UNTOLD))
