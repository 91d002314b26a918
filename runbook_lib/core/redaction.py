"""Secrets that cannot be printed by accident, and the redactor for everything that is written."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.parse
from collections.abc import Iterable
from html import escape
from typing import Any

SHORTEST_REDACTED = 4  # shorter values would blank ordinary words


class Secret:
    """A value that shows only its name. `reveal()` is the one way to the text."""

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self._value = value

    def reveal(self) -> str:
        """The secret text, for stdin or a 0600 file and for nothing else."""
        return self._value

    def fingerprint(self) -> str:
        """First 12 hex digits of a SHA-256 over name and value: shows that it changed, never what it is."""
        return hashlib.sha256(f"{self.name}\0{self._value}".encode()).hexdigest()[:12]

    def __repr__(self) -> str:
        return f"‹{self.name}›"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self.name, self._value) == (other.name, other._value)

    def __hash__(self) -> int:
        return hash((self.name, self._value))

    def __reduce__(self) -> Any:
        raise TypeError(f"{self!r} cannot be pickled")


def _spellings(value: str) -> set[str]:
    """The forms in which a value turns up in output: plain, URL, JSON, HTML, shell, hex and base64."""
    raw = value.encode()
    forms = {
        value,
        urllib.parse.quote(value, safe=""),
        urllib.parse.quote(value),
        urllib.parse.quote_plus(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        escape(value),
        value.replace("'", "'\"'\"'"),
        raw.hex(),
    }
    for offset in range(3):  # base64 of a text that starts at any of the three alignments
        encoded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        start = (0, 2, 3)[offset]
        whole = (offset + len(raw)) // 3 * 4
        forms.add(encoded[start:whole])
        forms.add(encoded[start:whole].replace("+", "-").replace("/", "_"))
    return {form for form in forms if len(form) >= SHORTEST_REDACTED}


class Redactor:
    """Replaces every known secret, in its usual encodings, by ‹its name›."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._replacements: list[tuple[str, str]] = []
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: Secret) -> Secret:
        """Take one more secret in; returns it, so that it can be used in the same line."""
        if len(secret.reveal()) >= SHORTEST_REDACTED:
            known = {(form, repr(secret)) for form in _spellings(secret.reveal())}
            merged = known | set(self._replacements)
            # longest first: a secret that contains another must vanish whole
            self._replacements = sorted(merged, key=lambda pair: -len(pair[0]))
        return secret

    def text(self, text: str) -> str:
        """`text` without any known secret."""
        for form, mark in self._replacements:
            if form in text:
                text = text.replace(form, mark)
        return text

    def unfinished(self, text: str) -> int:
        """How many characters at the end of `text` could be the beginning of a secret that has not ended yet."""
        longest = max((len(form) for form, _ in self._replacements), default=1) - 1
        return next(
            (size for size in range(min(longest, len(text)), 0, -1)
             if any(form.startswith(text[-size:]) for form, _ in self._replacements)),
            0,
        )

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
