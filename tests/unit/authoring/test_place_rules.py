"""What has to lie around a notebook: each place that does not name it is reported, and where to write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runbook_lib.authoring import place_rules
from runbook_lib.authoring.place_rules import broken_links, start_here_names_it
from tests.unit.authoring.test_notebook_rules import cell, write


@pytest.mark.parametrize(("rule", "file", "count"), [
    ("readme_names_it", "README.md", 1), ("start_here_names_it", "notebooks/00_start_here.ipynb", 2),
    ("a_page_describes_it", "docs/runbooks/observability.md", 1), ("a_run_file_uses_it", "parameters/runs/disk.yaml", 1),
    ("a_lab_test_runs_it", place_rules.LAB_RUNS, 1),
])
def test_a_notebook_that_cannot_be_found_is_reported_with_where_to_name_it(tmp_path: Path, rule: str, file: str, count: int) -> None:
    runbook = write(tmp_path)
    assert getattr(place_rules, rule)(runbook) == []
    (tmp_path / file).unlink()
    assert len(getattr(place_rules, rule)(runbook)) == count


@pytest.mark.parametrize(("named", "missing"), [((True, False), "index at the end"), ((False, True), "first cell")])
def test_start_here_needs_it_among_the_symptoms_and_in_its_index(tmp_path: Path, named: tuple[bool, bool], missing: str) -> None:
    runbook = write(tmp_path)
    cells = [cell("markdown", "[49](49_disk.ipynb)" if there else "nothing") for there in named]
    (tmp_path / "notebooks/00_start_here.ipynb").write_text(json.dumps({"cells": cells}))
    (line,) = start_here_names_it(runbook)
    assert missing in line


def test_links_are_followed_to_files_only(tmp_path: Path) -> None:
    (tmp_path / "there.md").touch()
    text = "[a](there.md) [b](there.md#part) [c](gone.md) [d](https://x.example/y) [e](mailto:a@b) [f](#here)"
    assert broken_links(text, tmp_path) == ["gone.md"]
