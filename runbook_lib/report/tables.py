"""Tables for notebook cells: plans, findings, values, the target. Everything is escaped; all styles are inline.

Colours follow the text around them, so that JupyterLab's light and dark themes both read well.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from runbook_lib.plan import Finding, Plan, Verdict
from runbook_lib.report.values import Table, shape
from runbook_lib.report.wording import block, look_of, visible

_TONES = {"good": "#1f8a5b", "warn": "#b37400", "bad": "#cf3a43", "unsure": "#8456c2", "calm": "#5f7896"}
_LINE = "border-bottom:1px solid rgba(128,128,128,.28)"
_CELL = f"text-align:left;vertical-align:top;padding:5px 14px 5px 0;white-space:normal;{_LINE}"
_CAPTION = "text-align:left;opacity:.75;caption-side:top;padding:2px 0"
_STRONG = "font-weight:600;white-space:nowrap"
_SHELL = "display:block;white-space:pre-wrap;overflow-wrap:anywhere"
_HEAD = f"text-align:left;padding:4px 14px 4px 0;font-size:85%;opacity:.7;font-weight:600;{_LINE}"


def plan_table(plan: Plan) -> str:
    """A plan, step by step: where, what (secrets by name only), how it is undone; what is left out and why."""
    if not plan.steps:
        return _box("calm", "Nothing to do", plan.reason or "The plan has no steps.") + _skipped(plan)
    rows = []
    for number, step in enumerate(plan.steps, start=1):
        does = "".join(_code(str(action)) for action in step.actions)
        undo = "".join(_code(str(action)) for action in step.undo) or '<span style="opacity:.6">nothing to undo</span>'
        why = f'<div style="opacity:.75">{_text(step.why)}</div>' if step.why else ""
        rows.append([str(number), f"<b>{_text(step.title)}</b>{why}", _text(step.host), does, undo])
    undone = "on failure every step is undone" if plan.undo_on_failure else "stops at the first step that fails"
    caption = f"{_text(plan.name)} on {_text(plan.target)} · {len(plan.steps)} steps · {undone} · plan hash {plan.hash}"
    return _table(("", "step", "where", "does", "undo"), rows, caption) + _skipped(plan)


def findings_table(findings: Iterable[Finding]) -> str:
    """Checks with what was measured and expected; the gravest first, each with its next step."""
    order = [Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.WARNING, Verdict.PASSED, Verdict.NOT_APPLIED]
    rows = []
    for one in sorted(findings, key=lambda one: order.index(one.verdict)):
        advice = f'<div style="opacity:.8">Next: {_text(one.next)}</div>' if one.next else ""
        check = f"<b>{_text(one.check)}</b>{advice}"
        rows.append([_pill(one.verdict), check, _text(one.measured), _text(one.expected)])
    return _table(("verdict", "check", "measured", "expected"), rows) if rows else _box("unsure", "No checks", "")


def target_banner(environment: Any, *, mode: str = "", run_id: str = "") -> str:
    """The target in large type, so that nobody works on the wrong machine. Takes an Environment."""
    server, name = getattr(environment, "server", None), _text(getattr(environment, "name", environment))
    where = f"{getattr(server, 'user', '')}@{getattr(server, 'host', '')}" if server is not None else ""
    applies = mode == "apply"
    tone = _TONES["warn" if applies else "calm"]
    says = "apply: this run may change the server" if applies else "nothing on the server will be changed"
    small = " · ".join(part for part in (where, run_id) if part)
    return (f'<div style="border-left:6px solid {tone};padding:8px 16px;margin:4px 0">'
            f'<div style="font-size:26px;line-height:1.2;font-weight:700">{name}</div>'
            f'<div>{_text(getattr(environment, "title", ""))}</div>'
            f'<div style="color:{tone};font-weight:600">{_text(says)}</div>'
            f'<div style="opacity:.7;font-size:90%">{_text(small)}</div></div>')


def value_table(value: Any, *, title: str = "") -> str:
    """Any answer as a table: dataclasses, mappings, lists of them, pandas frames; text as text."""
    shaped = shape(value)
    if isinstance(shaped, Table):
        rows = [[_text(item) for item in row] for row in shaped.rows]
        if shaped.left_out:
            rows.append([f"… {shaped.left_out} more", *[""] * (len(shaped.columns) - 1)])
        columns = ("", "") if shaped.columns == ("", "value") else shaped.columns
        return _table(columns, rows, _text(title))
    heading = f'<div style="opacity:.75;font-size:90%">{_text(title)}</div>' if title else ""
    return f'{heading}<pre style="white-space:pre-wrap;margin:4px 0">{escape(shaped)}</pre>'


def verdict_box(verdict: str, words: str = "") -> str:
    """A verdict with its sign and one sentence."""
    look = look_of(verdict)
    return _box(look.tone, f"{look.sign} {look.word}", words)


def _skipped(plan: Plan) -> str:
    rows = [[_text(left.title), _text(left.reason)] for left in plan.skipped]
    return _table(("left out", "because"), rows) if rows else ""


def _table(columns: Iterable[str], rows: list[list[str]], caption: str = "") -> str:
    """A table of cells that are HTML already; column titles are escaped here."""
    titles = list(columns)
    head = "".join(f'<th scope="col" style="{_HEAD}">{_text(title)}</th>' for title in titles)
    body = "".join("<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>" for row in rows)
    said = f'<caption style="{_CAPTION}">{caption}</caption>' if caption else ""
    header = f"<thead><tr>{head}</tr></thead>" if any(titles) else ""
    return (f'<div style="overflow-x:auto"><table style="border-collapse:collapse;margin:4px 0">{said}{header}'
            f"<tbody>{body}</tbody></table></div>")


def _pill(verdict: str) -> str:
    look = look_of(verdict)
    return f'<span style="color:{_TONES[look.tone]};{_STRONG}">{look.sign} {_text(look.word)}</span>'


def _box(tone: str, strong: str, words: str) -> str:
    return (f'<div style="border-left:6px solid {_TONES[tone]};padding:6px 14px;margin:4px 0">'
            f'<b style="color:{_TONES[tone]}">{_text(strong)}</b> {_text(words)}</div>')


def _code(command: str) -> str:
    return f'<code style="{_SHELL}">{escape(block(command, 1500))}</code>'


def _text(value: object) -> str:
    return escape(visible(value))
