"""outputs/index.html: the newest runs, newest first, and a page a month with all of them.

Closing a run writes the first page alone, from the newest runs alone: its cost stays what it is however many runs
the archive holds. The pages of the months are written on demand (`runbook archive index`).
A page is a plain table without script; with it, a search box.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runbook_lib.archive.files import write_atomically
from runbook_lib.archive.summary import RunSummary, list_runs, readable_folders
from runbook_lib.core.text import head_of, printable
from runbook_lib.report import page
from runbook_lib.report.badges import Badge, run_badge
from runbook_lib.report.html import FILE as REPORT
from runbook_lib.report.labels import duration, title_of

FILE = "index.html"
MONTHS = "months"
LONGEST_NOTE = 120  # characters of how a run ended
NEWEST = 100  # rows of the first page
MORE = f"These are the newest {NEWEST} runs. The command runbook archive index writes a page for each month:"


def write_index(outputs: Path) -> Path:
    """Write index.html over the newest runs in `outputs`; returns its path. Raises RunFailed, Inconclusive."""
    outputs = Path(outputs)
    runs = list_runs(outputs, newest=NEWEST + 1)
    note = MORE if len(runs) > NEWEST else ""
    return write_atomically(outputs / FILE, rendered(runs[:NEWEST], note=note, pages=_pages(outputs) if note else ()))


def write_months(outputs: Path) -> list[Path]:
    """Write a page for each month that has runs, and the first page anew; returns their paths, newest month first."""
    outputs = Path(outputs)
    months = sorted({folder.run_id[:6] for folder in readable_folders(outputs)}, reverse=True)
    written = [write_atomically(outputs / MONTHS / f"{month[:4]}-{month[4:]}.html",
                                rendered(list_runs(outputs, beginning=month), base="../",
                                         note=f"All runs of {month[:4]}-{month[4:]}.", pages=((FILE, "newest runs"),)))
               for month in months]
    return [write_index(outputs), *written]  # last, so that it leads to all of them


def rendered(runs: list[RunSummary], *, base: str = "", note: str = "", pages: tuple[tuple[str, str], ...] = ()) -> str:
    """The page as text. `base` leads from the page to the archive's folder; `pages` are addresses in it and names."""
    from markupsafe import Markup

    script = (page.TEMPLATES / "index.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rows = [_row(run, base) for run in runs]
    tally: Counter[Badge] = Counter(row["badge"] for row in rows)
    return page.render("index.html.j2", rows=rows, tally=tally.most_common(), script=Markup(script), note=note,
                       pages=[{"href": base + href, "name": name} for href, name in pages],
                       script_hash=Markup(f"sha256-{digest}"))


def _pages(outputs: Path) -> tuple[tuple[str, str], ...]:
    """The months' pages that were written, newest first."""
    try:
        names = sorted(os.listdir(outputs / MONTHS), reverse=True)
    except OSError:
        return ()
    return tuple((f"{MONTHS}/{quote(name)}", printable(name.removesuffix(".html"))) for name in names
                 if name.endswith(".html") and not name.startswith("."))


def _row(run: RunSummary, base: str) -> dict[str, Any]:
    badge = run_badge(run.verdict, run.state, run.exit_code)
    # how a run ended is of interest where it did not pass, whatever it was meant for
    first = printable(run.summary).partition("\n")[0].split(". ")[0]
    end = "" if run.reason and badge.tone == "good" else head_of(first, LONGEST_NOTE)
    note = " · ".join(part for part in (printable(run.reason), end) if part)
    row = {
        "badge": badge,
        "title": title_of(run.notebook),
        "note": note,
        "environment": printable(run.environment),
        "mode": printable(run.mode),
        "when": run.started_at[:16].replace("T", " "),
        "duration": duration(run.seconds) if run.seconds is not None else "",
        "operator": printable(run.operator),
        "href": f"{base}{quote(run.path.name)}/{REPORT}" if _is_there(run.path / REPORT) else "",
    }
    searched = (run.run_id, run.notebook, row["title"], row["environment"], row["mode"], row["operator"], run.reason,
                run.summary, row["when"], badge.word)
    return {**row, "words": printable(" ".join(map(str, searched))).lower()}


def _is_there(report: Path) -> bool:
    try:
        return report.is_file()
    except OSError:  # another user's folder
        return False
