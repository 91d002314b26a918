"""Which runbooks there are, and how an operator may name one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runbook_lib.contract.catalogue import Runbook, find_runbook, runbooks
from runbook_lib.core.errors import NotebookUnknown
from tests.notebooks.sample_notebooks import ProjectDir

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectDir:
    made = ProjectDir(tmp_path / "home")
    for name in ("20_deploy", "22_rollback", "30_backup_database", "33_backup_configuration"):
        made.add(name)
    monkeypatch.setenv("RUNBOOK_HOME", str(made.path))
    return made


def test_runbooks_stand_in_the_order_of_their_numbers(project_dir: ProjectDir) -> None:
    assert [one.number for one in runbooks()] == ["20", "22", "30", "33"]


@pytest.mark.parametrize("name", ["20_deploy", "20", "deploy", "Deploy", "20_deploy.ipynb", "dep", "20-deploy"])
def test_a_notebook_is_found_by_its_name_its_number_or_an_unambiguous_part(project_dir: ProjectDir, name: str) -> None:
    assert find_runbook(name).name == "20_deploy"


def test_a_notebook_is_found_by_its_path_wherever_it_is(project_dir: ProjectDir, tmp_path: Path) -> None:
    elsewhere = tmp_path / "99_mine.ipynb"
    elsewhere.write_text("{}")
    assert find_runbook(str(elsewhere)) == Runbook("99_mine", elsewhere)


def test_a_part_that_several_have_names_them_all(project_dir: ProjectDir) -> None:
    with pytest.raises(NotebookUnknown, match="30_backup_database, 33_backup_configuration"):
        find_runbook("backup")


def test_an_unknown_name_is_answered_with_the_nearest(project_dir: ProjectDir) -> None:
    with pytest.raises(NotebookUnknown, match=r"did you mean 'rollback'\?") as refused:
        find_runbook("rolback")
    assert "runbook list" in refused.value.next_step
    with pytest.raises(NotebookUnknown, match=r"no notebook 'xyz'\."):
        find_runbook("xyz")


@pytest.mark.parametrize("name", ["", "99"])
def test_a_name_that_fits_none_is_refused(project_dir: ProjectDir, name: str) -> None:
    with pytest.raises(NotebookUnknown):
        find_runbook(name)


def test_a_card_gives_title_and_summary(project_dir: ProjectDir) -> None:
    one = find_runbook("20")
    assert (one.title, one.summary) == ("20_deploy", "A fixture.")
    assert one.parameters_source.startswith("environment: str")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"cells": [{}]}'])
def test_a_damaged_file_says_so_and_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "20_deploy.ipynb"
    path.write_text(content)
    with pytest.raises(NotebookUnknown, match="cannot be read") as refused:
        _ = Runbook("20_deploy", path).cells
    assert "git" in refused.value.next_step


@pytest.mark.parametrize(("card", "summary"), [
    ("# T\nOne sentence over\ntwo lines. Another one.\n\nLater.", "One sentence over two lines."),
    ("# T\n\nMay it go? It says so.", "May it go?"),
    ("# T\nPostgreSQL 15.4, e.g. on blue, is kept. **Then** more.", "PostgreSQL 15.4, e.g. on blue, is kept."),
    ("# T\n**A few seconds.** It only reads.", "A few seconds."),
    ("# T\nNo stop at the end\n| | |\n|---|---|", "No stop at the end"),
    ("# T\n| a |\n|---|\n\nBelow a table. More.", "Below a table."),
    ("# T", ""), ("", ""),
])
def test_the_summary_is_the_cards_first_sentence_however_its_lines_are_broken(tmp_path: Path, card: str,
                                                                              summary: str) -> None:
    path = tmp_path / "20_deploy.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": card.splitlines(keepends=True)}]}))
    assert Runbook("20_deploy", path).summary == summary


def test_every_summary_of_the_project_ends_like_a_sentence() -> None:
    cards = [Runbook(path.stem, path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    assert cards
    assert [one.name for one in cards if not one.summary.endswith((".", "?"))] == []


@pytest.mark.parametrize("name", ["/nonexistent/20_deploy.ipynb", "notebook/20_deploy.ipynb", "./20_deploy"])
def test_a_path_that_leads_nowhere_is_named_as_a_path(name: str) -> None:
    with pytest.raises(NotebookUnknown, match="There is no such notebook file") as refused:
        find_runbook(name)
    assert refused.value.where == name


def test_a_home_that_is_not_a_project_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by a newcomer: `runbook list` printed "0 notebooks", and ended with 0."""
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path / "nowhere"))
    for ask in (runbooks, lambda: find_runbook("20")):
        with pytest.raises(NotebookUnknown, match="no folder of notebooks") as refused:
            ask()
        assert "RUNBOOK_HOME" in refused.value.next_step
