"""One planned value, in force or not, as a row, as a finding, and as a number to draw. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runbook_lib.core.findings import Finding, Verdict, finding

_SIZES = {"B": 1, "kB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_TIMES = {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_TRUTHS = {"on": 1.0, "true": 1.0, "yes": 1.0, "off": 0.0, "false": 0.0, "no": 0.0}
_AMOUNT = re.compile(r"(-?[0-9]+(\.[0-9]+)?)\s*([A-Za-z]*)")


@dataclass(frozen=True)
class PlannedValue:
    """One planned value. `in_force` None: it could not be asked, and `note` says why. `good` None: not known.

    `ratio` is in force by planned, for a chart, where both are numbers above zero. `change` is what to do. `waits`: the
    value in force is not the one that the next restart brings.
    """

    part: str
    name: str
    planned: str
    in_force: str | None
    good: bool | None
    ratio: float | None = None
    note: str = ""
    change: str = ""
    waits: bool = False
    absent: str = ""

    @property
    def finding(self) -> Finding:
        """Passed where it is as planned; a value that waits for a restart, or is overridden, is a warning at least."""
        check = f"{self.part}: {self.name}"
        if self.absent:
            return Finding(check, Verdict.NOT_APPLICABLE, self.absent)
        # an empty one is known: the setting is there, without a value
        known = "not known" if self.in_force is None else self.in_force or "empty"
        measured = known + (f" ({self.note})" if self.note else "")
        if self.good and self.waits:
            return Finding(check, Verdict.WARNING, measured, self.planned, self.change)
        return finding(check, self.good, measured=measured, expected=self.planned, next_step=self.change)


def ratio_of(there: float | None, wanted: float | None) -> float | None:
    """In force by planned; None where one of both is not a number above zero, such as -1 for `never`."""
    return there / wanted if there is not None and wanted is not None and there > 0 and wanted > 0 else None


def amount_of(text: str, unit: str) -> float | None:
    """A value with its unit as bytes or milliseconds; without one it is in `unit`, such as 8kB. None for a word."""
    text = text.strip()
    if text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return None
    number, many, own = float(found[1]), 1, found[3]
    if own:
        own = next((name for name in (*_SIZES, *_TIMES) if name.lower() == own.lower()), "")
        if not own:
            return None
    elif unit:  # PostgreSQL counts some settings in pages: 8kB
        pages = re.fullmatch(r"([0-9]*)([A-Za-z]+)", unit)
        many, own = (int(pages[1] or 1), pages[2]) if pages else (1, "")
    return number * many * (_SIZES.get(own) or _TIMES.get(own) or 1)
