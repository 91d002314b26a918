"""The report in Markdown, short enough for a CI job's summary page."""

from __future__ import annotations

import os
import re
from pathlib import Path

from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.files import write_atomically
from runbook_lib.core.text import head_of, printable
from runbook_lib.report.badges import badge_of, run_badge
from runbook_lib.report.events import load
from runbook_lib.report.labels import duration, moment, sentences
from runbook_lib.report.problems import Advice, advice_of_errors
from runbook_lib.report.run_report import RunReport

FILE = "summary.md"
MARKS = {"good": "✅", "warn": "⚠️", "bad": "❌", "unsure": "❔", "neutral": "➖"}


def write_markdown(folder: str | os.PathLike[str]) -> Path:
    """Write summary.md into a run's folder; returns its path. A sealed run's is left as it is."""
    path = Path(folder).resolve()
    if (path / FILE).exists() and (path / MANIFEST).exists():
        return path / FILE
    return write_atomically(path / FILE, markdown(load(path)))


def markdown(report: RunReport) -> str:
    """The run as GitHub-flavoured Markdown: verdict, problems first, steps, checks."""
    run = report.run
    badge = run_badge(run.verdict, run.state, run.exit_code)
    lines = [
        f"## {MARKS[badge.tone]} {_line(report.title)}: {badge.word.lower()}",
        "",
        f"{_line(report.summary)}",
        "",
        f"`{run.run_id}` · {_line(run.environment)} · {_line(run.mode) or 'read-only'} · {moment(run.started_at)} · "
        f"{duration(run.seconds)} · exit code {run.exit_code if run.exit_code is not None else '–'}",
        "",
        *([f"Plan: {_line(report.planned)}", ""] if report.planned else []),
        *(line for title, text in report.headlines for line in (f"{_line(title)}: {_line(text)}", "")),
    ]
    return "\n".join([*lines, *_errors(report), *_steps(report), *_findings(report)])


def _errors(report: RunReport) -> list[str]:
    lines = []
    for error, next_step in zip(report.errors, advice_of_errors(report, Advice()), strict=True):
        lines += [f"> **{_line(sentences(str(error.get('what', '')).splitlines()))}**  "]
        named = (("Where", error.get("where")), ("Next", next_step))
        lines += [f"> {label}: {_line(text)}  " for label, text in named if text]
        lines += [""]
    return lines


def _steps(report: RunReport) -> list[str]:
    if not report.steps:
        return []
    rows = [f"| {_line(step.title)} | {MARKS[badge_of(step.state).tone]} {_line(step.state)} |"
            f" {duration(step.seconds)} |" for step in report.steps]
    plan = [f"Plan hash `{_line(report.plan['hash'])}`", ""] if report.plan.get("hash") else []
    return [*plan, "| step | state | duration |", "|---|---|---:|", *rows, ""]


def _findings(report: RunReport) -> list[str]:
    lines = []
    for stage, rows in report.findings:
        lines += [f"### {_line(stage).capitalize()}", "", "| check | measured | expected | verdict |",
                  "|---|---|---|---|"]
        for one in rows:
            verdict = str(one.get("verdict", ""))
            words = " | ".join(_line(one.get(name, "")) for name in ("check", "measured", "expected"))
            lines += [f"| {words} | {MARKS[badge_of(verdict).tone]} {_line(verdict)} |"]
        lines += [""]
    return lines


def _line(text: object) -> str:
    """Text of others on one line, without any mark that Markdown or HTML would act on."""
    # in a pull request @ notifies people, # links an issue, and an HTML comment hides what follows
    flat = head_of(" ".join(printable(text).split()), 500)
    escaped = re.sub(r"([\\`*_\[\]|#!~@])", r"\\\1", flat)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
