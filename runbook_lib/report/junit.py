"""The report as JUnit XML: steps and checks as test cases, for CI systems that read nothing else."""

from __future__ import annotations

import os
import xml.etree.ElementTree as tree
from pathlib import Path

from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.files import write_atomically
from runbook_lib.core.text import printable
from runbook_lib.report.labels import block
from runbook_lib.report.run_report import Event, StepTold, Story, tell

FILE = "junit.xml"


def write_junit(folder: str | os.PathLike[str]) -> Path:
    """Write junit.xml into a run's folder; returns its path. A sealed run's is left as it is."""
    path = Path(folder).resolve()
    if (path / FILE).exists() and (path / MANIFEST).exists():
        return path / FILE
    return write_atomically(path / FILE, junit(tell(path)))


def junit(story: Story) -> str:
    """One suite for the run. Failed is a failure; inconclusive, unknown and refused are errors."""
    suite = tree.Element("testsuite", name=printable(story.run.notebook), timestamp=story.run.started_at.rstrip("Z"))
    for step in story.steps:
        _step(suite, step)
    for stage, rows in story.findings:
        for one in rows:
            _finding(suite, stage, one)
    _end(suite, story)
    counts = {"tests": suite.findall("testcase"), "failures": suite.findall("testcase/failure"),
              "errors": suite.findall("testcase/error"), "skipped": suite.findall("testcase/skipped")}
    for name, found in counts.items():
        suite.set(name, str(len(found)))
    suite.set("time", f"{story.run.seconds or 0:.3f}")
    root = tree.Element("testsuites")
    root.append(suite)
    tree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tree.tostring(root, encoding="unicode") + "\n"


def _step(suite: tree.Element, step: StepTold) -> None:
    case = _case(suite, "steps", step.title, step.seconds)
    if step.state in ("failed", "timed out", "rolled back", "rollback failed", "aborted"):
        _mark(case, "failure", step.state, step.message)
    elif step.state in ("unknown", "started"):
        _mark(case, "error", step.state, step.message)
    elif step.state != "passed":
        _mark(case, "skipped", step.state, "")


def _finding(suite: tree.Element, stage: str, one: Event) -> None:
    verdict = str(one.get("verdict", ""))
    case = _case(suite, stage, str(one.get("check", "")), None)
    said = f"measured {one.get('measured') or 'nothing'}, expected {one.get('expected') or 'nothing in particular'}"
    if verdict == "failed":
        _mark(case, "failure", said, str(one.get("next_step", "")))
    elif verdict == "not applied":
        _mark(case, "skipped", said, "")
    elif verdict not in ("passed", "warning"):
        _mark(case, "error", said, str(one.get("next_step", "")))


def _end(suite: tree.Element, story: Story) -> None:
    """The run itself as a case, so that a run that ended before its first step is not an empty success."""
    run = story.run
    case = _case(suite, "run", "verdict", run.seconds)
    said = (error.get(name) for error in story.errors for name in ("what", "where", "next_step"))
    words = "\n".join(str(word) for word in said if word)
    if run.exit_code in (1, 5, 6):
        _mark(case, "failure", run.verdict or run.state, words or run.summary)
    elif run.exit_code != 0:
        _mark(case, "error", run.verdict or run.state or "open", words or run.summary)


def _case(suite: tree.Element, room: str, name: str, seconds: float | None) -> tree.Element:
    return tree.SubElement(suite, "testcase", classname=printable(room), name=printable(name)[:300],
                           time=f"{seconds or 0:.3f}")


def _mark(case: tree.Element, kind: str, message: str, text: str) -> None:
    mark = tree.SubElement(case, kind, message=printable(message)[:1000])
    mark.text = block(text, 4000) or None
