"""The generated pages of docs/ are those that the code would make now, and name everything there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.cli import reference
from runbook_lib.cli.reference import command_line_page, pages

ROOT = Path(__file__).parents[3]
PAGES = pages(ROOT)


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_fresh(name: str) -> None:
    assert (ROOT / name).read_text() == PAGES[name](), "run: .venv/bin/python -m runbook_lib.cli.reference"


def test_every_command_is_documented_with_its_help() -> None:
    page = command_line_page()
    assert "## `runbook run`" in page
    assert "## `runbook archive verify`" in page
    empty = [section for section in page.split("\n## ")[1:] if not section.partition("\n\n")[2].strip()]
    assert empty == []


def test_only_pages_that_differ_are_written_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"same.md": lambda: "a", "changed.md": lambda: "b", "new.md": lambda: "c"}
    monkeypatch.setattr(reference, "pages", lambda root: made)
    (tmp_path / "same.md").write_text("a")
    (tmp_path / "changed.md").write_text("a")
    assert reference.write_pages(tmp_path) == (tmp_path / "changed.md", tmp_path / "new.md")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"same.md": "a", "changed.md": "b", "new.md": "c"}
    assert reference.write_pages(tmp_path) == ()
