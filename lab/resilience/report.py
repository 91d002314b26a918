"""Results of resilience tests, for people and for machines: report.html and results.json in one folder."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from lab.resilience.suite import Case, SuiteResult

FORMAT = 2
TEMPLATE = "report.html.j2"


def write_results(folder: Path, results: Sequence[SuiteResult], *, instance: str, began: datetime,
                  completed: bool) -> Path:
    """results.json: every case with its measurements. Replaced by rename, so that it is complete at any moment."""
    record = {
        "format": FORMAT,
        "instance": instance,
        "began": began.isoformat(timespec="seconds"),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "completed": completed,
        "passed": completed and all(one.passed for one in results),
        "summary": summary(results),
        "suites": [{**asdict(one), "passed": one.passed} for one in results],
    }
    return _write(folder / "results.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def write_report(folder: Path, results: Sequence[SuiteResult], *, instance: str, began: datetime,
                 completed: bool) -> Path:
    """report.html: one table a suite, in the style of the runs' reports."""
    from jinja2 import FileSystemLoader
    from markupsafe import Markup

    from runbook_lib.report import page

    templates = page.templates().overlay(loader=FileSystemLoader([Path(__file__).parent, page.TEMPLATES]))
    text = templates.get_template(TEMPLATE).render(
        style=Markup((page.TEMPLATES / "style.css").read_text()), suites=[_shown(one) for one in results],
        summary=summary(results), passed=completed and all(one.passed for one in results), completed=completed,
        failed=any(not case.passed for one in results for case in one.cases) or completed,
        instance=instance, began=f"{began:%Y-%m-%d %H:%M} UTC",
    )
    return _write(folder / "report.html", text)


def summary(results: Sequence[SuiteResult]) -> str:
    """One line over all suites."""
    from runbook_lib.core.text import pluralize

    passed = Counter(case.passed for one in results for case in one.cases)
    seconds = sum(one.seconds for one in results)
    incomplete = [one.name for one in results if not one.completed]
    note = f"; not completed: {', '.join(incomplete)}" if incomplete else ""
    suites = pluralize(len(results), "suite")
    return f"{passed[True]} of {passed.total()} cases passed in {suites}, {seconds / 60:.1f} minutes{note}"


def line_of(suite: str, case: Case) -> str:
    """A case as one line of a terminal."""
    from runbook_lib.core.text import printable

    measured = " ".join(printable(case.measured).split())
    return f"{'✔' if case.passed else '✘'} {suite}: {case.name} ({case.seconds:.1f} s): {measured}"


def _shown(one: SuiteResult) -> dict[str, object]:
    # failed cases first: a reader looks for them
    return {"name": one.name, "title": one.title, "passed": one.passed, "completed": one.completed,
            "seconds": one.seconds, "passed_cases": sum(case.passed for case in one.cases),
            "cases": sorted(one.cases, key=lambda case: case.passed)}


def _write(path: Path, text: str) -> Path:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, "utf-8")
    os.replace(partial, path)
    return path
