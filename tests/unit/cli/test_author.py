"""`runbook new` and `runbook check` print what they made and what is missing; their work is done elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runbook_lib.authoring.checking import Missing
from runbook_lib.cli import app
from runbook_lib.contract.catalogue import Runbook

COMMANDS = CliRunner()


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the rules find; the notebook is always found."""
    result: dict[str, Any] = {"missing": (), "open": ()}
    monkeypatch.setattr("runbook_lib.contract.catalogue.find_runbook", lambda name: Runbook(name, Path(name)))
    monkeypatch.setattr("runbook_lib.authoring.checking.missing_in", lambda runbook: result["missing"])
    monkeypatch.setattr("runbook_lib.authoring.checking.left_to_write", lambda runbook: result["open"])
    return result


def test_nothing_missing_is_exit_0(found: dict[str, Any]) -> None:
    ended = COMMANDS.invoke(app, ["check", "49_disk"])
    assert (ended.exit_code, ended.output) == (0, "49_disk: nothing is missing.\n")


def test_what_is_missing_is_exit_1_and_what_is_left_to_write_is_not(found: dict[str, Any]) -> None:
    found["open"] = ("cell 4: TO WRITE: why",)
    assert COMMANDS.invoke(app, ["check", "49_disk"]).exit_code == 0
    found["missing"] = (Missing("The card has a title.", "begin with a title"),)
    ended = COMMANDS.invoke(app, ["check", "49_disk"])
    assert ended.exit_code == 1
    assert "begin with a title\n    The card has a title.\n" in ended.output
    assert "49_disk: 1 missing, 1 left to write." in ended.output
    as_json = json.loads(COMMANDS.invoke(app, ["check", "49_disk", "--json"]).output)
    assert as_json == {"notebook": "49_disk", "missing": [{"rule": "The card has a title.", "what": "begin with a title"}],
                       "left_to_write": ["cell 4: TO WRITE: why"]}


def test_new_names_every_file_that_it_wrote(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: dict[str, Any] = {}

    def make(name: str, root: Path, **options: Any) -> tuple[Path, ...]:
        asked.update(name=name, **options)
        return (root / "notebooks/49_disk.ipynb", root / "README.md")

    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    monkeypatch.setattr("runbook_lib.authoring.scaffold.make_notebook", make)
    monkeypatch.setattr("runbook_lib.cli.reference.write_pages", lambda root: (root / "docs/reference/names.md",))
    ended = COMMANDS.invoke(app, ["new", "49_disk", "--when", "it fills up", "--apply"])
    assert asked == {"name": "49_disk", "title": "", "when": "it fills up", "apply": True}
    assert ended.output.splitlines()[:3] == ["wrote notebooks/49_disk.ipynb", "wrote README.md",
                                             "wrote docs/reference/names.md"]
    assert "runbook check 49_disk" in ended.output
