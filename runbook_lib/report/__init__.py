"""Reports: an archived run as a page, as Markdown and as JUnit XML, all from its journal."""

from __future__ import annotations

from pathlib import Path


def write_all(folder: Path) -> None:
    """Every report of one run, into its folder: report.html, summary.md, junit.xml."""
    from runbook_lib.report.html import write_report
    from runbook_lib.report.junit import write_junit
    from runbook_lib.report.markdown import write_markdown

    write_report(folder)
    write_markdown(folder)
    write_junit(folder)
