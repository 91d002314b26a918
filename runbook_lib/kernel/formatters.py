"""Plans, findings, facts and executions as the value of a cell: HTML tables, and plain text for other clients."""

from __future__ import annotations

import dataclasses
from typing import Any

from runbook_lib.core.findings import Finding
from runbook_lib.core.plan import Plan

Rows = tuple[Any, ...]


def install_formatters(display_formatter: Any) -> None:
    """Register the formatters with IPython."""
    html, text = display_formatter.formatters["text/html"], display_formatter.formatters["text/plain"]
    html.for_type(Plan, plan_html)
    text.for_type(Plan, lambda plan, printer, cycle: printer.text(plan_text(plan)))
    for sequence in (tuple, list):
        html.for_type(sequence, rows_html)
        text.for_type(sequence, _rows_printer)
    html.for_type(Finding, lambda one: rows_html((one,)))
    html.for_type_by_name("runbook_lib.execution.records", "Execution", lambda execution: execution.html())
    text.for_type_by_name(
        "runbook_lib.execution.records", "Execution",
        lambda execution, printer, cycle: printer.text(str(execution)),
    )


def show_type_as_table(display_formatter: Any, kind: type) -> None:
    """From now on, values of this dataclass are shown as a table."""
    if dataclasses.is_dataclass(kind) and not hasattr(kind, "_repr_html_"):
        display_formatter.formatters["text/html"].for_type(kind, value_html)


def plan_html(plan: Plan) -> str:
    """The table of a plan's steps, as the report has it."""
    from runbook_lib.report.tables import plan_table

    return plan_table(plan)


def value_html(value: Any) -> str:
    """The table of a fact, as the report has it."""
    from runbook_lib.report.tables import value_table

    return value_table(value)


def rows_html(rows: Rows) -> str | None:
    """A table for findings or facts, a word when there are none; None, so that IPython shows its own, for others."""
    if not rows:
        return "<em>none</em>"
    if all(isinstance(row, Finding) for row in rows):
        from runbook_lib.report.tables import findings_table

        return findings_table(rows)
    if all(dataclasses.is_dataclass(row) for row in rows):
        return value_html(list(rows))
    return None


def plan_text(plan: Plan) -> str:
    """The plan in plain lines."""
    lines = [f"{plan.name} on {plan.target} (plan {plan.hash})"]
    if not plan.steps:
        lines.append(f"Nothing to do: {plan.reason or 'no step is needed'}")
    for number, step in enumerate(plan.steps, start=1):
        lines.append(f"{number}. {step.title} [{step.host}]")
        lines += [f"     {action}" for action in step.actions]
        lines += [f"     undo: {action}" for action in step.undone_by]
    lines += [f"–  {left.title}: skipped, {left.reason}" for left in plan.skipped]
    return "\n".join(lines)


def finding_text(one: Finding) -> str:
    """A finding in one line."""
    parts = [f"{one.verdict:<12} {one.check}"]
    if one.measured:
        parts.append(f"measured {one.measured}")
    if one.expected:
        parts.append(f"expected {one.expected}")
    return "; ".join([*parts, *([one.next_step] if one.next_step else [])])


def _rows_printer(rows: Rows, printer: Any, cycle: bool) -> None:
    if not rows:
        printer.text("none")
    elif not cycle and all(isinstance(row, Finding) for row in rows):
        printer.text("\n".join(finding_text(row) for row in rows))
    else:
        printer.text("(...)" if cycle else repr(rows))
