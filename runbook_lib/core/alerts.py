"""Alerts that a step of a plan is expected to cause: they are silenced while it lasts, and no others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True)
class ExpectedAlert:
    """One alert by its name, the labels that it must have as well, and those that it must not have (`without`).

    Raises ValueError where it would match all.
    """

    name: str
    labels: tuple[tuple[str, str], ...] = ()
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """A silence without a name, or with an empty value, matches what it was not meant for."""
        labels = (*self.labels, *((one, one) for one in self.without))
        if not self.name or not all(_LABEL.fullmatch(label) and value for label, value in labels):
            raise ValueError(f"an expected alert needs a name, and a value for each of its labels: {self}")

    def matchers(self) -> list[dict[str, Any]]:
        """As Alertmanager takes them, each exact. Source: Alertmanager's OpenAPI description, v2, `matchers`."""
        # an empty value matches an alert that has no such label
        wanted = (("alertname", self.name), *self.labels, *((label, "") for label in self.without))
        return [{"name": label, "value": value, "isRegex": False, "isEqual": True} for label, value in wanted]

    def __str__(self) -> str:
        words = ", ".join((*(f"{label} {value}" for label, value in self.labels),
                           *(f"without {label}" for label in self.without)))
        return f"{self.name} ({words})" if words else self.name
