"""The report as JUnit XML: steps and checks as test cases, for CI systems that read nothing else."""

from __future__ import annotations

import os
import xml.etree.ElementTree as tree
from pathlib import Path

from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.files import write_atomically
from runbook_lib.core import errors
from runbook_lib.core.text import printable
from runbook_lib.report.events import load
from runbook_lib.report.labels import block
from runbook_lib.report.run_report import Event, RunReport, StepReport

FILE = "junit.xml"


def write_junit(folder: str | os.PathLike[str]) -> Path:
    """Write junit.xml into a run's folder; returns its path. A sealed run's is left as it is."""
    path = Path(folder).resolve()
    if (path / FILE).exists() and (path / MANIFEST).exists():
        return path / FILE
    return write_atomically(path / FILE, junit(load(path)))


def junit(report: RunReport) -> str:
    """One suite for the run. Failed is a failure; inconclusive, unknown and refused are errors."""
    # the schema of JUnit takes a time without a zone; all of ours are UTC
    suite = tree.Element("testsuite", name=printable(report.run.notebook), timestamp=report.run.started_at.rstrip("Z"))
    for step in report.steps:
        _step(suite, step)
    for stage, rows in report.findings:
        for one in rows:
            _finding(suite, stage, one)
    _end(suite, report)
    counts = {"tests": suite.findall("testcase"), "failures": suite.findall("testcase/failure"),
              "errors": suite.findall("testcase/error"), "skipped": suite.findall("testcase/skipped")}
    for name, found in counts.items():
        suite.set(name, str(len(found)))
    suite.set("time", f"{report.run.seconds or 0:.3f}")
    root = tree.Element("testsuites")
    root.append(suite)
    tree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tree.tostring(root, encoding="unicode") + "\n"


def _step(suite: tree.Element, step: StepReport) -> None:
    case = _case(suite, "steps", step.title, step.seconds)
    if step.state in ("failed", "timed out", "rolled back", "rollback failed", "aborted"):
        _mark(case, "failure", step.state, step.message)
    elif step.state in ("unknown", "started"):
        # what the server did is not known; a failure would claim that it is
        _mark(case, "error", step.state, step.message)
    elif step.state != "passed":
        _mark(case, "skipped", step.state, "")


def _finding(suite: tree.Element, stage: str, one: Event) -> None:
    verdict = str(one.get("verdict", ""))
    case = _case(suite, stage, str(one.get("check", "")), None)
    result = f"measured {one.get('measured') or 'nothing'}, expected {one.get('expected') or 'no particular value'}"
    if verdict == "failed":
        _mark(case, "failure", result, str(one.get("next_step", "")))
    # not green: a run in plan mode must not look like a deployment that worked
    elif verdict == "not applied":
        _mark(case, "skipped", result, "")
    elif verdict == "not applicable":
        _mark(case, "skipped", f"not applicable: {one.get('measured') or 'this environment has no such thing'}", "")
    elif verdict not in ("passed", "warning"):
        _mark(case, "error", result, str(one.get("next_step", "")))


def _end(suite: tree.Element, report: RunReport) -> None:
    """The run itself as a case, so that a run that ended before its first step is not an empty success."""
    run = report.run
    case = _case(suite, "run", "verdict", run.seconds)
    recorded = (error.get(name) for error in report.errors for name in ("what", "where", "next_step"))
    details = "\n".join(str(text) for text in recorded if text)
    if run.exit_code in (errors.FAILED, errors.ROLLED_BACK, errors.ROLLBACK_FAILED):
        _mark(case, "failure", run.verdict or run.state, details or run.summary)
    elif run.verdict == "not applicable":
        _mark(case, "skipped", run.verdict, run.summary)
    elif run.exit_code != errors.PASSED:
        _mark(case, "error", run.verdict or run.state or "open", details or run.summary)


def _case(suite: tree.Element, group: str, name: str, seconds: float | None) -> tree.Element:
    return tree.SubElement(suite, "testcase", classname=printable(group), name=printable(name)[:300],
                           time=f"{seconds or 0:.3f}")


def _mark(case: tree.Element, kind: str, message: str, text: str) -> None:
    mark = tree.SubElement(case, kind, message=printable(message)[:1000])
    mark.text = block(text, 4000) or None
