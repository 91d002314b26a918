"""What 41 does not know, in the sentence that it opens with. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runbook_lib.core.findings import Finding, in_brackets
from runbook_lib.core.text import head_of, listed

RECORDED = " is recorded"  # what follows a metric's title in the name of its check


def not_known(unknown: Sequence[Finding]) -> str:
    """The end of the sentence, empty where all is known. Several metrics by their names alone: each has its reason in a
    row, and its threshold follows from it."""
    lost = [one.check.removesuffix(RECORDED) for one in unknown if one.check.endswith(RECORDED)]
    if len(lost) < 2:
        return f". Not known: {head_of(in_brackets(unknown), 240).rstrip('.')}" if unknown else ""
    others = [one for one in unknown if not one.check.startswith(tuple(lost))]
    words = "; ".join(filter(None, (f"{listed(lost)} (see “Is the data there?”)", in_brackets(others))))
    return f". Not known: {head_of(words, 300).rstrip('.')}"
