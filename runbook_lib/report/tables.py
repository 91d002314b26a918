"""Tables for notebook cells: plans, findings, values, the target. Everything is escaped; all styles are inline.

Colours follow the text around them, so that JupyterLab's light and dark themes both read well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.plan import Plan
from runbook_lib.core.text import pluralize, printable
from runbook_lib.report.badges import Badge, badge_of
from runbook_lib.report.grouping import grouped
from runbook_lib.report.labels import block, brief_command, on_host
from runbook_lib.report.page import breakable, prose
from runbook_lib.report.values import Table, shape

VERDICT = "verdict"  # a column of this name shows verdicts with their signs
_TONES = {"good": "#1f8a5b", "warn": "#b37400", "bad": "#cf3a43", "unsure": "#8456c2", "neutral": "#5f7896"}
_LINE = "border-bottom:1px solid rgba(128,128,128,.28)"
_CELL = f"text-align:left;vertical-align:top;padding:5px 14px 5px 0;white-space:normal;{_LINE}"
_RIGHT = ";text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums"
_CAPTION = "text-align:left;opacity:.75;caption-side:top;padding:2px 0"
_OPTION = re.compile(r"(?<!\S)--[^\s<]{1,40}(?!\S)")
_STRONG = "font-weight:600;white-space:nowrap"
_SHELL = "display:block;white-space:pre-wrap;overflow-wrap:anywhere"
# JupyterLab breaks the text of every pre in the middle of words, unless it is asked not to
_OUTPUT = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;opacity:.85;margin:4px 0"
_PROSE = "overflow-wrap:anywhere;margin:4px 0"
_HEAD = f"text-align:left;padding:4px 14px 4px 0;font-size:85%;opacity:.7;font-weight:600;{_LINE}"


def plan_table(plan: Plan) -> str:
    """A plan, step by step: where, what (secrets by name only), how it is undone; what is skipped and why."""
    if not plan.steps:
        return _box("neutral", "Nothing to do", plan.reason or "The plan has no steps.") + _skipped(plan)
    hosts = {step.host for step in plan.steps}
    rows = []
    for number, step in enumerate(plan.steps, start=1):
        why = f'<div style="opacity:.75">{_words(step.why)}</div>' if step.why else ""
        where = "" if len(hosts) == 1 else f'<div style="opacity:.75">{_text(on_host(step.host))}</div>'
        does = "".join(_code(str(action)) for action in step.actions)
        undo = "".join(_code(str(action)) for action in plan.undone_by(step))
        undo = f'<div style="opacity:.75;margin-top:4px">undo</div>{undo}' if undo else ""
        rows.append([str(number), f"<b>{_words(step.title)}</b>{why}{where}", does + undo])
    host = f", all {_text(on_host(*hosts))}" if len(hosts) == 1 else ""
    undone = "on failure every step is undone" if plan.undo_on_failure else "on failure it stops, nothing is undone"
    what = f"{_text(plan.name)} on {_text(plan.target)}"
    caption = f"{what} · {pluralize(len(plan.steps), 'step')}{host} · {undone} · plan hash {plan.hash}"
    if any(does for _, _, does in rows):
        return _table(("", "step", "does"), rows, caption, widths=("2%", "34%", "64%")) + _skipped(plan)
    return _table(("", "step"), [row[:2] for row in rows], caption) + _skipped(plan)


def steps_table(steps: Iterable[tuple[str, str, float, str]], running: int = -1, tail: str = "") -> str:
    """Steps as (title, state, seconds, message); `running` is the position of the one in progress, `tail` its last
    lines."""
    rows = []
    for position, (title, state, seconds, message) in enumerate(steps):
        in_progress = position == running
        details = f'<div style="opacity:.75">{_text(message)}</div>' if message else ""
        mark = f'<span style="{_STRONG}">… Running</span>' if in_progress else _pill(state)
        took = f"{seconds:.1f} s" if seconds and not in_progress else ""
        rows.append([str(position + 1), f"{_words(title)}{details}", mark, took])
    shown = f'<pre style="{_OUTPUT}">{escape(block(tail, 4000))}</pre>' if tail else ""
    return _table(("", "step", "state", "duration"), rows) + shown


def findings_table(findings: Iterable[Finding]) -> str:
    """Checks with what was measured and expected; the worst first, each with its next step."""
    order = [Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.WARNING, Verdict.PASSED, Verdict.NOT_APPLICABLE,
             Verdict.NOT_APPLIED]
    rows = []
    for one in grouped(vars(one) for one in sorted(findings, key=lambda one: order.index(one.verdict))):
        advice = f'<div style="opacity:.8">Next: {_prose(one["next_step"])}</div>' if one["next_step"] else ""
        check = f"<b>{_prose(one['check'])}</b>{advice}"
        rows.append([_pill(one["verdict"]), check, _prose(one["measured"]), _prose(one["expected"])])
    return _table(("verdict", "check", "measured", "expected"), rows) if rows else _box("unsure", "No checks", "")


def target_banner(environment: Any, *, mode: str = "", run_id: str = "") -> str:
    """The target in large type, so that an operator notices the wrong machine. Takes an Environment."""
    server, name = getattr(environment, "server", None), _text(getattr(environment, "name", environment))
    where = f"{getattr(server, 'user', '')}@{getattr(server, 'host', '')}" if server is not None else ""
    applies = mode == "apply"
    tone = _TONES["warn" if applies else "neutral"]
    effect = "apply: this run may change the server" if applies else "this run does not change the server"
    small = " · ".join(part for part in (where, run_id) if part)
    return (f'<div style="border-left:6px solid {tone};padding:8px 16px;margin:4px 0">'
            f'<div style="font-size:26px;line-height:1.2;font-weight:700">{name}</div>'
            f'<div>{_text(getattr(environment, "title", ""))}</div>'
            f'<div style="color:{tone};font-weight:600">{_text(effect)}</div>'
            f'<div style="opacity:.7;font-size:90%">{_text(small)}</div></div>')


def value_table(value: Any, *, title: str = "") -> str:
    """Any answer as a table: dataclasses, mappings, lists of them, pandas frames; text as text."""
    shaped = shape(value)
    if isinstance(shaped, Table):
        judged = shaped.columns.index(VERDICT) if VERDICT in shaped.columns else -1
        rows = [[_pill(item) if column == judged else _words(item) for column, item in enumerate(row)]
                for row in shaped.rows]
        if shaped.left_out:
            rows.append([f"… {shaped.left_out} more", *[""] * (len(shaped.columns) - 1)])
        columns = ("", "") if shaped.columns == ("", "value") else shaped.columns
        return _table(columns, rows, _text(title), numeric=shaped.numeric)
    heading = f'<div style="opacity:.75;font-size:90%">{_text(title)}</div>' if title else ""
    if "\n" in shaped:
        return f'{heading}<pre style="{_OUTPUT}">{escape(shaped)}</pre>'
    return f'{heading}<div style="{_PROSE}">{escape(shaped)}</div>'


def verdict_box(verdict: str | Badge, text: str = "", *, link: tuple[str, str] | None = None) -> str:
    """A verdict, or a run's badge, with its sign and one sentence; `link` is an address and its text."""
    badge = badge_of(verdict) if isinstance(verdict, str) else verdict
    more = f' <a href="{escape(link[0])}">{_text(link[1])}</a>' if link else ""
    return _box(badge.tone, f"{badge.sign} {badge.word}", text, more)


def _skipped(plan: Plan) -> str:
    rows = [[_words(left.title), _words(left.reason)] for left in plan.skipped]
    return _table(("skipped", "reason"), rows) if rows else ""


def _table(columns: Iterable[str], rows: list[list[str]], caption: str = "", widths: tuple[str, ...] = (),
           numeric: tuple[bool, ...] = ()) -> str:
    """A table of cells that are HTML already; column titles are escaped here."""
    titles = list(columns)
    wide = [f";width:{width}" for width in widths] or [""] * len(titles)
    sides = [_RIGHT if right else "" for right in numeric or [False] * len(titles)]
    head = "".join(f'<th scope="col" style="{_HEAD}{width}{side}">{_text(title)}</th>'
                   for title, width, side in zip(titles, wide, sides, strict=True))
    body = "".join("<tr>" + "".join(f'<td style="{_CELL}{side}">{cell}</td>'
                                    for cell, side in zip(row, sides, strict=True)) + "</tr>" for row in rows)
    heading = f'<caption style="{_CAPTION}">{caption}</caption>' if caption else ""
    header = f"<thead><tr>{head}</tr></thead>" if any(titles) else ""
    style = "border-collapse:collapse;margin:4px 0" + (";width:100%" if widths else "")
    style += ";min-width:18em" if caption else ""  # a caption is as wide as its table
    return (f'<div style="overflow-x:auto"><table style="{style}">{heading}{header}'
            f"<tbody>{body}</tbody></table></div>")


def _pill(verdict: str) -> str:
    badge = badge_of(verdict)
    return f'<span style="color:{_TONES[badge.tone]};{_STRONG}">{badge.sign} {_text(badge.word)}</span>'


def _box(tone: str, strong: str, text: str, more: str = "") -> str:
    lines = "<br>".join(_prose(line) for line in text.split("\n"))  # a page would run them together
    return (f'<div style="border-left:6px solid {_TONES[tone]};padding:6px 14px;margin:4px 0">'
            f'<b style="color:{_TONES[tone]}">{_text(strong)}</b> {lines}{more}</div>')


def _code(command: str) -> str:
    whole = f'<code style="{_SHELL}">{_with_whole_options(escape(block(command, 1500)))}</code>'
    brief = brief_command(command)
    if brief == command:
        return whole
    gist = _with_whole_options(escape(block(brief, 1500)))
    return f'<details><summary><code style="overflow-wrap:anywhere">{gist}</code></summary>{whole}</details>'


def _with_whole_options(escaped: str) -> str:
    """Escaped text in which no line ends within an option: browsers break lines after any hyphen."""
    return _OPTION.sub(r'<span style="white-space:nowrap">\g<0></span>', escaped)


def _text(value: object) -> str:
    return escape(printable(value))


def _words(value: object) -> str:
    """Text in a cell, whose long names of files may be broken: else they push their column out of sight."""
    return str(breakable(printable(value)))


def _prose(value: object) -> str:
    return str(prose(printable(value)))
