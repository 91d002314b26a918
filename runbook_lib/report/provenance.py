"""Where a report comes from: the run, the state of the runbooks, their versions, and the chain of the archive."""

from __future__ import annotations

from typing import Any

from runbook_lib.core.text import printable
from runbook_lib.report.labels import label
from runbook_lib.report.run_report import RunReport
from runbook_lib.report.values import Table


def provenance(report: RunReport) -> Table:
    """The provenance as a table of names and texts."""
    return Table(("", "value"), (
        ("run", report.run.run_id),
        ("runbooks from", _checkout(report.started.get("git"))),
        ("versions", _line(report.started.get("versions"))),
        ("previous run", _previous(report)),
        ("sealed by", _sealed_by(report)),
    ))


def _previous(report: RunReport) -> str:
    previous = report.sealed.get("previous")
    if previous:
        return f"{previous['run_id']}, manifest sha256 {previous['manifest_sha256']}"
    return "none: the first run of this archive" if report.sealed else "not sealed yet"


def _sealed_by(report: RunReport) -> str:
    if report.finished.get("abandoned"):
        return "the next start, because the run's own process was gone"
    return "its own process" if report.sealed else "not sealed yet"


def _checkout(git: Any) -> str:
    """The commit of the runbooks that was used, and whether files differed from it."""
    if not isinstance(git, dict):
        return _line(git)
    text = _line({name: value for name, value in git.items() if name != "clean"})
    # None means that git could not be asked, which shows nothing about the files
    return f"{text}, with uncommitted changes" if git.get("clean") is False else text


def _line(value: Any) -> str:
    """A mapping in one line, other values as text, a dash for nothing."""
    if isinstance(value, dict):
        return ", ".join(f"{label(str(name))} {printable(item)}" for name, item in value.items())
    return printable(value) if value else "–"
