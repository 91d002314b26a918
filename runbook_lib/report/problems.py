"""What a reader must see first: errors and findings that did not pass."""

from __future__ import annotations

from typing import Any

from runbook_lib.core.text import printable
from runbook_lib.report.badges import badge_of
from runbook_lib.report.grouping import Check
from runbook_lib.report.labels import block
from runbook_lib.report.run_report import RunReport


class Advice:
    """What to do next, each piece of it once: a gate's hint is in its check, in its step's error and in the run's."""

    def __init__(self) -> None:
        self._given: list[str] = []

    def fresh(self, text: str) -> str:
        """The text where it is new; empty where the same, or a longer one that holds it, was given before."""
        words = " ".join(text.split())
        if not words or any(words in given for given in self._given):
            return ""
        self._given.append(words)
        return text


def advice_of_errors(report: RunReport, advice: Advice) -> list[str]:
    """What each error advises, empty where another one advises the same or more.

    How the run ended holds the hint of the step's own error: the whole counts, wherever it stands.
    """
    texts = [printable(error.get("next_step") or "") for error in report.errors]
    new = {text for text in sorted(texts, key=len, reverse=True) if advice.fresh(text)}
    shown = []
    for text in texts:
        shown.append(text if text in new else "")
        new.discard(text)
    return shown


def error_rows(report: RunReport, advice: Advice) -> list[dict[str, str]]:
    """Errors as recorded, without the lines that the failed step or a finding above them shows already."""
    shown = [(step.title, step.message) for step in report.failed_steps if step.message]
    shown += [(str(one.get("check")), f"{one.get('check')}: {one.get('measured')}") for one in report.open_findings
              if one.get("measured")]
    rows: list[dict[str, str]] = []
    for error, next_step in zip(report.errors, advice_of_errors(report, advice), strict=True):
        lines = printable(error.get("what") or "").splitlines()
        # a line about something else may have the same reason: that the run could not be recorded, for one
        fresh = [line for line in lines
                 if not any((text in line and name in line) or line in text for name, text in shown)]
        row = {"what": "\n".join(fresh), "where": printable(error.get("where") or ""), "next_step": next_step}
        # a cell's error is recorded once more by `close`
        known = any(row["what"] == one["what"] for one in rows)
        if next_step or (fresh and not known):
            rows.append(row)
    return rows


def finding_row(one: Check, advice: Advice) -> dict[str, Any]:
    """A check with its badge, its texts in bounds, and its advice where that is new."""
    row = {name: block(one.get(name) or "", 2000) for name in ("check", "measured", "expected", "next_step")}
    return {"badge": badge_of(str(one.get("verdict", ""))), **row, "next_step": advice.fresh(row["next_step"])}
