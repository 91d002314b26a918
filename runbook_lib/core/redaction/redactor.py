"""The redactor for everything that is written: one pass over a text, however many secrets there are.

A text is sampled at every fourth character; only where a sample is a piece of a secret do regular expressions look
closer. So 200 MB take seconds, and the time hardly depends on what the text is and how it is cut into pieces.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Any

from runbook_lib.core.redaction.beginnings import Beginnings
from runbook_lib.core.redaction.dumps import beginning_of_dump, dumps_in, readings_of
from runbook_lib.core.redaction.encodings import spellings_of
from runbook_lib.core.redaction.layers import beginning_of_token, meanings
from runbook_lib.core.redaction.markup import unmarked
from runbook_lib.core.redaction.references import beginning_of_row, read_references
from runbook_lib.core.redaction.samples import Samples
from runbook_lib.core.redaction.secret import Secret
from runbook_lib.core.redaction.spans import Span, apart, masked
from runbook_lib.core.redaction.spellings import Spelling, without_line_ends
from runbook_lib.core.redaction.units import reason_not_redacted, units_of

LONGEST_TOKEN = 2_000  # of a token that may be encoded; each piece of a stream is searched with all that is held back
FEWEST_DUMPED = 8  # bytes in a line of a dump
LONGEST_DUMP = 200  # lines of one that are held back
LAYERS = 2  # encodings around one of a secret's own forms
# what stands before a value that is an ordinary word, where it is a credential all the same
_ASSIGNED = re.compile(r"(?i)(?:pass\w*|pwd|secret\w*|token\w*|key|credential\w*)[\"']?\s*(?:[=:]|\s)\s*[\"']?$")
_IN_ADDRESS = re.compile(r"://[^\s/:@]*:$")


class Redactor:
    """Replaces every known secret, in its usual encodings, by ‹its name›.

    `words` are our own: names of hosts, users, services, runbooks. A secret that is one of them, or another ordinary
    word, is masked only where it stands as a credential; `not_redacted` names it, with the reason.
    """

    def __init__(self, secrets: Iterable[Secret] = (), words: Iterable[str] = ()) -> None:
        self._words = frozenset(word.lower() for word in words)
        self._known: set[tuple[str, str]] = set()
        self._samples, self._beginnings = Samples(self._words), Beginnings()
        self._always: list[Spelling] = []
        self._weak: dict[str, str] = {}
        self._dump_lines = 0
        self.not_redacted: dict[str, str] = {}
        self.secrets: list[Secret] = []
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: Secret) -> Secret:
        """Take one more secret in; returns it, so that it can be used in the same line."""
        if secret in self.secrets:
            return secret
        self.secrets.append(secret)
        reason = reason_not_redacted(secret.reveal(), self._words)
        if reason:
            self.not_redacted[secret.name] = reason
            if secret.reveal().strip():
                self._weak[secret.reveal().strip()] = secret.name
            return secret
        for unit in units_of(secret.reveal(), self._words):
            if (secret.name, unit) not in self._known:
                self._known.add((secret.name, unit))
                for spelling in spellings_of(secret.name, unit):
                    self._add(spelling)
        return secret

    def _add(self, spelling: Spelling) -> None:
        self._samples.add(spelling)
        self._beginnings.add(spelling)
        if not spelling.is_sampled:
            self._always.append(spelling)
        self._dump_lines = min(LONGEST_DUMP, max(self._dump_lines, 3 + len(spelling.literals[0]) // FEWEST_DUMPED))

    def text(self, text: str) -> str:
        """`text` without any known secret."""
        return masked(text, self._spans(text))

    def split(self, text: str) -> tuple[str, str]:
        """The beginning of `text` without any known secret, and its rest as it is, which may be one's beginning.

        The rest is to be put before the text that comes next.
        """
        spans = self._spans(text)
        place = self._unfinished(text, spans)
        token = beginning_of_token(text, LONGEST_TOKEN) if self._known else place
        # a secret that is there whole is shown at once, but within an encoding more of it may come
        is_whole = any(start <= token and end == len(text) for start, end, _ in spans)
        if not is_whole or self._nested(text[token:], LAYERS):
            place = min(place, token)
        if self._known:
            place = min(place, beginning_of_row(text, LONGEST_TOKEN))
        for start, end, _ in spans:
            if start < place < end:
                place = start  # what looks like a beginning is the end of another
        return masked(text[:place], [one for one in spans if one[1] <= place]), text[place:]

    def value(self, value: Any) -> Any:
        """The same structure (dict, list, tuple, text) with every text redacted, keys included."""
        if isinstance(value, Secret):
            return repr(value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.text(value.decode("utf-8", "replace"))
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        return value

    def data(self, data: bytes) -> bytes:
        """Binary data of the same length, with every secret in it overwritten, as UTF-8 or in another form."""
        clean = bytearray(data)
        for start, end, _ in self._read_as_bytes(data.decode("latin-1")) if self._known else ():
            clean[start:end] = b"*" * (end - start)
        return bytes(clean)

    def _spans(self, text: str) -> list[Span]:
        """The places of secrets in the text, in order and apart."""
        views = [view for view in (unmarked(text), read_references(text)) if view] if self._known else ()
        # in the second one a number may be that of a byte
        within = ((*view.span(start, end), name) for view in views
                  for start, end, name in self._read_as_bytes(view.text))
        return apart([*self._written(text), *self._credentials(text), *self._dumped(text), *self._nested(text, LAYERS),
                      *within])

    def _read_as_bytes(self, latin: str) -> list[Span]:
        """Places of secrets, as letters or as the bytes of UTF-8, of which each is a letter of Latin-1."""
        spans = self._written(latin)
        for name, unit in tuple(self._known):
            if not unit.isascii():
                raw = unit.encode().decode("latin-1")
                spans += [(*found.span(), name) for found in re.finditer(re.escape(raw), latin)]
        return spans

    def _dumped(self, text: str) -> Iterator[Span]:
        """Lines of dumps whose bytes hold a secret: all that follows the address."""
        for group in dumps_in(text) if self._known else ():
            for reading in readings_of(group):
                lines = [*itertools.accumulate(map(len, reading))]
                for start, end, name in self._read_as_bytes(b"".join(reading).decode("latin-1")):
                    first, last = bisect_right(lines, start), bisect_left(lines, end)
                    yield from ((line.start, line.end, name) for line in group[first:last + 1])

    def _nested(self, text: str, layers: int) -> list[Span]:
        """Tokens that hold a secret within another encoding, whole."""
        if not self._known or (meant := meanings(text)) is None:
            return []
        found = [*self._written(meant.text), *(self._nested(meant.text, layers - 1) if layers > 1 else ())]
        return [(*token, name) for start, end, name in found for token in meant.tokens_of(start, end)]

    def _written(self, text: str) -> list[Span]:
        spans, windows = self._samples.found_in(text)
        wanted = [*windows, *((spelling, [[0, len(text)]]) for spelling in self._always)]
        bare = without_line_ends(text) if wanted else b""
        for spelling, places in wanted:
            for start, end in places if spelling.may_be_in(bare) else ():
                spans += [(*found, spelling.name) for found in spelling.places_in(text, start, end)]
        return spans

    def _credentials(self, text: str) -> Iterator[Span]:
        for weak, name in tuple(self._weak.items()):  # another thread may learn one meanwhile
            for found in re.finditer(rf"{re.escape(weak)}(?![A-Za-z0-9_])", text):
                before = text[max(0, found.start() - 60):found.start()]
                if _ASSIGNED.search(before) or _IN_ADDRESS.search(before) or before.rstrip(" \"'").endswith(f"{name}="):
                    yield found.start(), found.end(), name

    def _unfinished(self, text: str, whole: list[Span]) -> int:
        """The first place from which `text` may be the beginning of a form whose end is still to come."""
        if not self._known:
            return len(text)
        return self._beginnings.first_in(text, beginning_of_dump(text, self._dump_lines), whole)
