"""outputs/index.html: all runs, newest first. A plain table without script; with it, a search box."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runbook_lib.archive.files import write_atomically
from runbook_lib.archive.summary import RunSummary, list_runs
from runbook_lib.core.text import printable
from runbook_lib.report import page
from runbook_lib.report.badges import Badge, run_badge
from runbook_lib.report.html import FILE as REPORT
from runbook_lib.report.labels import duration, title_of

FILE = "index.html"


def write_index(outputs: Path) -> Path:
    """Write index.html over all runs in `outputs`; returns its path."""
    return write_atomically(Path(outputs) / FILE, rendered(list_runs(outputs)))


def rendered(runs: list[RunSummary]) -> str:
    """The page as text."""
    from markupsafe import Markup

    script = (page.TEMPLATES / "index.js").read_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rows = [_row(run) for run in runs]
    tally: Counter[Badge] = Counter(row["badge"] for row in rows)
    return page.render("index.html.j2", rows=rows, tally=tally.most_common(), script=Markup(script),
                       script_hash=Markup(f"sha256-{digest}"))


def _row(run: RunSummary) -> dict[str, Any]:
    badge = run_badge(run.verdict, run.state, run.exit_code)
    note = printable(run.reason) or printable(run.summary).split(". ")[0][:120]
    row = {
        "badge": badge,
        "title": title_of(run.notebook),
        "note": note,
        "environment": printable(run.environment),
        "mode": printable(run.mode),
        "when": run.started_at[:16].replace("T", " "),
        "duration": duration(run.seconds) if run.seconds is not None else "",
        "operator": printable(run.operator),
        "href": f"{quote(run.path.name)}/{REPORT}" if (run.path / REPORT).is_file() else "",
    }
    searched = (run.run_id, run.notebook, row["title"], row["environment"], row["mode"], row["operator"], run.reason,
                run.summary, row["when"], badge.word)
    return {**row, "words": printable(" ".join(map(str, searched))).lower()}
