"""Lines that lead to a new notebook, each in the order of the numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runbook_lib.authoring.page_edits import INDEX, SYMPTOMS, edited_pages, family_page, with_row
from runbook_lib.authoring.template import Draft
from runbook_lib.core.errors import UsageError

DRAFT = Draft("49_disk", "Disk usage", "the disk fills up", "observability")
TABLE = "{header}\n|---|---|\n| a | [10](10_a.ipynb) |\n| b | [50](x/50_b.ipynb) |\n"


def project(root: Path) -> Path:
    """The least of a project with pages."""
    for folder in ("notebooks", "docs/runbooks"):
        (root / folder).mkdir(parents=True)
    (root / "README.md").write_text(TABLE.format(header=SYMPTOMS) + "\nafter\n")
    (root / "docs/README.md").write_text("[release](runbooks/release.md) and more\n")
    cells = [{"source": "# Start\n\n" + TABLE.format(header=SYMPTOMS)}, {"source": ["## All\n", *TABLE.format(header=INDEX).splitlines(True)]}]
    (root / "notebooks/00_start_here.ipynb").write_text(json.dumps({"cells": cells}))
    return root


def test_a_row_stands_before_the_first_of_a_higher_number() -> None:
    text = with_row(TABLE.format(header="| x | y |"), "| x | y |", "| c | [49](49_disk.ipynb) |", Path("p"))
    assert [line[2] for line in text.splitlines()[2:]] == ["a", "c", "b"]


@pytest.mark.parametrize("link", ["99_z.ipynb", "notebooks/99_z.ipynb"])
def test_the_highest_number_comes_last_and_inside_the_table(link: str) -> None:
    text = with_row(TABLE.format(header="| x | y |") + "\nafter", "| x | y |", f"| c | [99]({link}) |", Path("p"))
    assert text.splitlines()[4:6] == [f"| c | [99]({link}) |", ""]


def test_start_here_gets_a_symptom_and_a_line_of_its_index(tmp_path: Path) -> None:
    pages = edited_pages(DRAFT, project(tmp_path))
    cells = json.loads(pages[tmp_path / "notebooks/00_start_here.ipynb"])["cells"]
    assert "| the disk fills up | [49 Disk usage](49_disk.ipynb) |\n" in cells[0]["source"]
    assert "| [49 Disk usage](49_disk.ipynb) | The disk fills up |\n" in cells[1]["source"]
    assert "| the disk fills up | [49 Disk usage](notebooks/49_disk.ipynb) |" in pages[tmp_path / "README.md"]


def test_a_new_family_gets_a_page_that_the_index_names(tmp_path: Path) -> None:
    pages = edited_pages(DRAFT, project(tmp_path))
    assert "## Disk usage\n\nTO WRITE" in pages[family_page(DRAFT, tmp_path)]
    assert pages[tmp_path / "docs/README.md"].startswith("[release](runbooks/release.md) · [observability](runbooks/observability.md)")


@pytest.mark.parametrize("cell", [0, 1])
def test_start_here_without_one_of_its_tables_is_named(tmp_path: Path, cell: int) -> None:
    page = project(tmp_path) / "notebooks/00_start_here.ipynb"
    document = json.loads(page.read_text())
    document["cells"][cell]["source"] = "nothing"
    page.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="There is no table") as refused:
        edited_pages(DRAFT, tmp_path)
    assert refused.value.where == str(page)
