"""What a reader must see first: errors and findings that did not pass."""

from __future__ import annotations

from typing import Any

from runbook_lib.core.text import printable
from runbook_lib.report.badges import badge_of
from runbook_lib.report.grouping import Check
from runbook_lib.report.labels import block
from runbook_lib.report.run_report import RunReport


def error_rows(report: RunReport) -> list[dict[str, str]]:
    """Errors as recorded, without the lines that the failed step or a finding above them shows already."""
    shown = [step.message for step in report.failed_steps if step.message]
    shown += [f"{one.get('check')}: {one.get('measured')}" for one in report.open_findings if one.get("measured")]
    rows: list[dict[str, str]] = []
    for error in report.errors:
        lines = printable(error.get("what") or "").splitlines()
        fresh = [line for line in lines if not any(text in line or line in text for text in shown)]
        row = {"what": "\n".join(fresh)} | {key: printable(error.get(key) or "") for key in ("where", "next_step")}
        # a cell's error is recorded once more by `close`: the same advice twice confuses
        if (fresh or row["next_step"]) and row not in rows:
            rows.append(row)
    return rows


def finding_row(one: Check) -> dict[str, Any]:
    """A check with its badge, its texts in bounds."""
    return {"badge": badge_of(str(one.get("verdict", ""))),
            **{name: block(one.get(name) or "", 2000) for name in ("check", "measured", "expected", "next_step")}}
