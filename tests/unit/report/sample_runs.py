"""Realistic run folders, written through the journal as a run would: for tests, and for a browser."""

from __future__ import annotations

from pathlib import Path

from runbook_lib.archive.runs import RunFolder
from tests.unit.report.sample_faults import HOSTILE, failing_deploy
from tests.unit.report.sample_journal import BUILDERS, SECRET, begin, deploy_plan, finish, walk
from tests.unit.report.sample_outcomes import backup, passed_deploy, refused, verified_with_warning

__all__ = ["BUILDERS", "HOSTILE", "SECRET", "backup", "begin", "build_all", "deploy_plan", "failing_deploy", "finish", "page", "part",
           "passed_deploy", "refused", "verified_with_warning", "walk"]


def build_all(outputs: Path) -> dict[str, RunFolder]:
    return {name: build(outputs) for name, build in BUILDERS.items()}


def page(runs: dict[str, Path], name: str) -> str:
    """The report of a sample as text."""
    return (runs[name] / "report.html").read_text()


def part(text: str, heading: str) -> str:
    """The section of a report under a heading."""
    return text.split(f"<h2>{heading}</h2>")[1].split("</section>")[0]
