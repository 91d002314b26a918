"""docs/decisions/README.md: the list of decisions, made from the pages themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

HEAD = """# Decisions

Where the staging plan contradicts itself, leaves something open, or would lose data or hide an error: what was done
instead, and why. One page each, named by the day of the decision; a decision that no longer holds keeps its page and
names the one that replaced it. The figures live in [staging.yaml](../../parameters/environments/staging.yaml), the
files in [staging/](../../staging/).

Made from the pages by `python -m runbook_lib.cli.reference`; a test keeps it fresh.
"""
DAY = r"\d{4}-\d\d-\d\d"
PAGE = re.compile(rf"# (?P<title>.+)\n\n\*(?P<date>{DAY})(?: · revised {DAY})? · (?P<area>[^*·]+)\*\n")


@dataclass(frozen=True)
class Decision:
    """One page: its file name, what was decided, when (ISO date), and the area it belongs to."""

    file: str
    title: str
    date: str
    area: str


def read_decision(path: Path) -> Decision:
    """The head of a decision's page. Raises ValueError where the page does not begin with title, date and area."""
    head = PAGE.match(path.read_text(encoding="utf-8"))
    if head is None or not path.name.startswith(head["date"]):
        raise ValueError(f"{path.name}: should begin with a title and `*date · area*`, and be named by that date")
    return Decision(path.name, head["title"], head["date"], head["area"].strip())


def decision_index(folder: Path) -> str:
    """The whole page (Markdown): decisions by area, oldest first."""
    pages = [read_decision(path) for path in sorted(folder.glob("*.md")) if path.name != "README.md"]
    parts = [HEAD]
    for area in sorted({one.area for one in pages}):
        listed = [f"- [{one.title}]({one.file}) ({one.date})" for one in pages if one.area == area]
        parts.append("\n".join([f"## {area}\n", *listed, ""]))
    return "\n".join(parts)
