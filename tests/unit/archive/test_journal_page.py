"""docs/reference/archive.md lists the events that the code writes into a journal: all of them, and no others."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_event_of_the_journal_is_documented_and_no_other() -> None:
    written = {
        event for path in (ROOT / "runbook_lib").rglob("*.py")
        # as text, or by the name of a constant of the module
        for event in re.findall(r"(?:journal|closing|recorder|opened\(\w+\))\.write\(\s*\"(\w+)\"", path.read_text())
        + re.findall(r"^EVENT = \"(\w+)\"", path.read_text(), re.MULTILINE)
    }
    page = (ROOT / "docs/reference/archive.md").read_text()
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", page.partition("## Events of the journal")[2], re.MULTILINE)
    assert {event.strip("`") for row in rows for event in row.split(", ")} == written
