"""A value that shows only its name."""

from __future__ import annotations

import hashlib
from typing import Any


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
