"""Values, tables and charts that a run has shown, and the facts that it asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runbook_lib.report import page
from runbook_lib.report.labels import label
from runbook_lib.report.run_report import Event
from runbook_lib.report.values import shape


def exhibit_row(event: Event, folder: Path) -> dict[str, Any]:
    """A `shown` event, or a fact with charts, as the template shows it."""
    charts = event.get("chart") or []
    pictures = [page.picture_from_file(folder, name) for name in ([charts] if isinstance(charts, str) else charts)]
    content = event.get("table") or event.get("text") if event["event"] == "shown" else None
    if isinstance(content, dict) and content.get("columns") == ["value"] and len(content.get("rows", ())) == 1:
        content = content["rows"][0][0]  # a text, not a table of one cell
    return {"title": label(str(event.get("title") or event.get("name") or "")),
            "first": event.get("highlight") == "first",
            "pictures": [picture for picture in pictures if picture], "shaped": shape(content) if content else None}


def fact_row(fact: Event) -> dict[str, Any]:
    """A fact as a table or a text, when it was asked (empty where a journal does not say) and the seconds it took."""
    return {"name": label(str(fact.get("name", "fact"))), "begun": fact.get("begun") or "",
            "seconds": fact.get("seconds"), "shaped": shape(fact.get("value"))}


def fact_with_chart(fact: Event) -> bool:
    """Whether a fact has charts, which are shown among the exhibits."""
    return bool(fact.get("chart"))
