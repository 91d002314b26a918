"""Verdicts and states as badges: a word, a sign and a tone, so that colour never carries the meaning alone."""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.core import errors
from runbook_lib.core.text import printable


@dataclass(frozen=True)
class Badge:
    """How a verdict or a state is shown. `tone` is one of good, warn, bad, unsure and neutral."""

    word: str
    sign: str
    tone: str


_BADGES = {
    "passed": Badge("Passed", "✓", "good"),
    "warning": Badge("Warning", "!", "warn"),
    "failed": Badge("Failed", "✕", "bad"),
    "inconclusive": Badge("Inconclusive", "?", "unsure"),
    "not applied": Badge("Not applied", "◇", "neutral"),
    "not applicable": Badge("Not applicable", "–", "neutral"),
    "refused": Badge("Refused", "⊘", "warn"),
    "aborted": Badge("Aborted", "■", "bad"),
    "timed out": Badge("Timed out", "⧖", "bad"),
    "skipped": Badge("Skipped", "»", "neutral"),
    "not run": Badge("Not run", "·", "neutral"),
    "rolled back": Badge("Rolled back", "↺", "warn"),
    "rollback failed": Badge("Rollback failed", "✕", "bad"),
    "unknown": Badge("Unknown", "?", "unsure"),
    "open": Badge("In progress", "…", "neutral"),
    "started": Badge("Started", "…", "unsure"),
}


def badge_of(verdict: str) -> Badge:
    """The badge of a verdict or a state; an unknown word is shown as it is."""
    # an archive may hold words of a later version
    return _BADGES.get(verdict) or Badge(printable(verdict) or _BADGES["open"].word, "?", "unsure")


def run_badge(verdict: str, state: str, exit_code: int | None) -> Badge:
    """The badge of a whole run. How it ended is more than the bare verdict: refused, aborted, rolled back."""
    # the verdict of all of these is failed; what an operator must do differs
    if exit_code == errors.ROLLED_BACK:
        return Badge("Failed, rolled back", "↺", "bad")
    if exit_code == errors.ROLLBACK_FAILED:
        return Badge("Rollback failed", "✕", "bad")
    if exit_code == errors.REFUSED or state == "refused":
        return _BADGES["refused"]
    if exit_code == errors.DEFECT:
        return Badge("Internal error", "✕", "bad")
    if state == "aborted":
        return _BADGES["aborted"]
    if verdict == "warning":
        return Badge("Passed with warnings", "!", "warn")
    return badge_of(verdict or state or "open")
