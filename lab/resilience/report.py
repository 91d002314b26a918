"""What was proven, for people and for machines: report.html and results.json in one folder."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from lab.resilience.suite import Case, SuiteResult

TEMPLATE = "report.html.j2"


def write_results(folder: Path, proven: Sequence[SuiteResult], *, instance: str, began: datetime, over: bool) -> Path:
    """results.json: every case with what was measured; whole at any moment, because it is replaced by rename."""
    record = {
        "format": 1,
        "instance": instance,
        "began": began.isoformat(timespec="seconds"),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "over": over,
        "held": over and all(one.passed for one in proven),
        "summary": summary(proven),
        "proofs": [{**asdict(one), "held": one.passed} for one in proven],
    }
    return _write(folder / "results.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def write_report(folder: Path, proven: Sequence[SuiteResult], *, instance: str, began: datetime, over: bool) -> Path:
    """report.html: one table a proof, in the style of the runs' reports."""
    from jinja2 import FileSystemLoader
    from markupsafe import Markup

    from runbook_lib.report import page

    templates = page.templates().overlay(loader=FileSystemLoader([Path(__file__).parent, page.TEMPLATES]))
    text = templates.get_template(TEMPLATE).render(
        style=Markup((page.TEMPLATES / "style.css").read_text()), proofs=[_shown(one) for one in proven],
        summary=summary(proven), held=over and all(one.passed for one in proven), over=over, instance=instance,
        began=f"{began:%Y-%m-%d %H:%M} UTC",
    )
    return _write(folder / "report.html", text)


def summary(proven: Sequence[SuiteResult]) -> str:
    """One line over all proofs."""
    from runbook_lib.report.labels import counted

    held = Counter(case.passed for one in proven for case in one.cases)
    seconds = sum(one.seconds for one in proven)
    unfinished = [one.name for one in proven if not one.whole]
    broken = f"; not finished: {', '.join(unfinished)}" if unfinished else ""
    proofs = counted(len(proven), "proof")
    return f"{held[True]} of {held.total()} cases held in {proofs}, {seconds / 60:.1f} minutes{broken}"


def line_of(proof: str, case: Case) -> str:
    """A case as one line of a terminal."""
    from runbook_lib.report.labels import visible

    measured = " ".join(visible(case.measured).split())
    return f"{'✔' if case.passed else '✘'} {proof}: {case.name} ({case.seconds:.1f} s): {measured}"


def _shown(one: SuiteResult) -> dict[str, object]:
    # what did not hold is what a reader came for
    return {"name": one.name, "title": one.title, "passed": one.passed, "whole": one.whole, "seconds": one.seconds,
            "kept": sum(case.passed for case in one.cases), "cases": sorted(one.cases, key=lambda case: case.passed)}


def _write(path: Path, text: str) -> Path:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, "utf-8")
    os.replace(partial, path)
    return path
