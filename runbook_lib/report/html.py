"""The report of one run: a single HTML file that opens offline, without script, and loads nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.files import write_atomically
from runbook_lib.core.text import printable
from runbook_lib.report import page
from runbook_lib.report.badges import run_badge
from runbook_lib.report.cells import cell_row
from runbook_lib.report.events import STAMPS, load
from runbook_lib.report.evidence import evidence_files, file_row
from runbook_lib.report.exhibits import exhibit_row, fact_row, fact_with_chart
from runbook_lib.report.grouping import grouped
from runbook_lib.report.labels import block, brief_command, clock, label, moment
from runbook_lib.report.problems import Advice, error_rows, finding_row
from runbook_lib.report.provenance import provenance
from runbook_lib.report.run_report import RunReport
from runbook_lib.report.step_rows import duration_of, step_row
from runbook_lib.report.values import Table, cell

FILE = "report.html"


def write_report(folder: str | os.PathLike[str]) -> Path:
    """Write report.html into a run's folder; returns its path. The report of a sealed run is left as it is."""
    path = Path(folder).resolve()
    target = path / FILE
    # its hash is in the manifest: made again by a later version it would break the seal
    if target.exists() and (path / MANIFEST).exists():
        return target
    return write_atomically(target, rendered(load(path), path))


def rendered(report: RunReport, folder: Path) -> str:
    """The page as text. The same journal and evidence always give the same bytes."""
    span = duration_of(report.steps)
    steps = [step_row(step, number, folder, span) for number, step in enumerate(report.steps, start=1)]
    return page.render(
        "report.html.j2",
        report=report,
        run=report.run,
        badge=run_badge(report.run.verdict, report.run.state, report.run.exit_code),
        summary=printable(report.summary),
        **_header(report),
        steps=steps,
        any_step_ran=any(step.at for step in report.steps),
        failed_steps=[step for step in steps if step["failed"]],
        problem_tone=_problem_tone(report),
        **_checks(report),
        **_plan(report),
        highlights=[exhibit_row(event, folder) for event in report.highlights],
        **_exhibits(report, folder),
        facts=[fact_row(fact) for fact in report.facts],
        parameters=_parameters(report.started.get("parameters")),
        redacted=printable(", ".join(map(str, report.started.get("redacted") or []))),
        not_redacted={printable(name): printable(reason)
                      for name, reason in (report.started.get("not_redacted") or {}).items()},
        moments=_moments(report),
        files=[file_row(folder, name) for name in evidence_files(folder)],
        provenance=provenance(report),
        cells=[cell_row(event) for event in report.cells],
    )


def _header(report: RunReport) -> dict[str, str]:
    target = (report.target.get("title"), report.target.get("server"))
    named = [str(text) for text in target if text and text != report.run.environment]
    # a run that was killed is closed by a later start, whose time is not that of its end
    ended = report.finished.get("last_sign_of_life") or report.finished.get("at")
    return {"target_title": printable(" · ".join(named)), "host": printable(report.started.get("host") or ""),
            "ended": clock(ended) if ended else ""}


def _checks(report: RunReport) -> dict[str, Any]:
    """Errors and checks in the order of the page: advice that stands above is not repeated below."""
    advice = Advice()
    return {
        "errors": error_rows(report, advice),
        "open_findings": [finding_row(one, advice) for one in report.open_findings],
        "stages": [{"name": _heading(name), "rows": [finding_row(one, advice) for one in grouped(rows)]}
                   for name, rows in report.findings if rows],
    }


def _exhibits(report: RunReport, folder: Path) -> dict[str, Any]:
    """What was shown; of a run with steps, what was true before them apart from what they left."""
    # a fact with a chart is among them: folded away among the facts it would be overlooked
    shown = [one for one in [*report.shown, *filter(fact_with_chart, report.facts)] if not one.get("highlight")]
    began = report.first_step_s
    early = [one for one in shown if began is not None and one.get("elapsed_s", began) < began]
    return {"before": [exhibit_row(one, folder) for one in early],
            "exhibits": [exhibit_row(one, folder) for one in shown if one not in early]}


def _problem_tone(report: RunReport) -> str:
    if report.failed_steps or report.run.verdict == "failed":
        return "bad"
    return "unsure" if report.run.verdict == "inconclusive" else "warn"


def _plan(report: RunReport) -> dict[str, Any]:
    plan = report.plan.get("plan") or {}
    return {
        "plan_name": label(str(plan.get("name", ""))),
        "plan_target": printable(plan.get("target", "")),
        "plan_reason": printable(plan.get("reason", "")),
        "plan_hash": printable(report.plan.get("hash") or ""),
        "skipped": [{name: printable(one.get(name, "")) for name in ("title", "reason")}
                    for one in plan.get("skipped") or []],
        "planned": [{"title": printable(step.title), "why": printable(step.why),
                     "does": [_command(line) for line in step.does],
                     "undoes": [_command(line) for line in step.undoes]} for step in report.steps],
    }


def _command(line: str) -> dict[str, str]:
    return {"brief": block(brief_command(line)), "whole": block(line)}


def _heading(name: str) -> str:
    text = label(name)
    return text[:1].upper() + text[1:]


def _parameters(values: Any) -> Table | str:
    """Parameters under their own names, as one would type them."""
    if not isinstance(values, dict) or not values:
        return "none"
    return Table(("", "value"), tuple((printable(name), cell(value)) for name, value in values.items()))


def _moments(report: RunReport) -> Table | None:
    rows = tuple((_heading(event["event"]), moment(event.get("at")),
                  printable(", ".join(f"{label(name)}: {value}" for name, value in event.items()
                                      if name not in STAMPS)))
                 for event in report.moments)
    return Table(("event", "time", "details"), rows) if rows else None
