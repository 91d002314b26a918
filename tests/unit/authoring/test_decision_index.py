"""The index of decisions lists every page under its area, and refuses a page without a date."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.authoring.decision_index import decision_index, read_decision


def test_pages_are_listed_by_area_and_date(tmp_path: Path) -> None:
    (tmp_path / "2026-01-02-second.md").write_text("# Second\n\n*2026-01-02 · Backups*\n\nBecause.\n")
    (tmp_path / "2026-01-01-first.md").write_text("# First\n\n*2026-01-01 · revised 2026-03-04 · Backups*\n\nBecause.\n")
    (tmp_path / "README.md").write_text("the index itself\n")
    index = decision_index(tmp_path)
    assert "## Backups\n\n- [First](2026-01-01-first.md) (2026-01-01)\n- [Second](2026-01-02-second.md)" in index
    assert "README" not in index


@pytest.mark.parametrize(("name", "text"), [
    ("2026-01-01-x.md", "# No date\n\nBecause.\n"),
    ("2026-01-01-x.md", "# Another date\n\n*2026-01-02 · Backups*\n\nBecause.\n"),
    ("x.md", "# No date in its name\n\n*2026-01-02 · Backups*\n\nBecause.\n"),
])
def test_a_page_without_its_date_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=name):
        read_decision(tmp_path / name)
