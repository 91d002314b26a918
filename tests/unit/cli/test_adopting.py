"""`runbook adopt` writes a new file, or prints it; where and how, and nothing more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runbook_lib.adopting.adopt import Adoption
from runbook_lib.cli import app
from runbook_lib.core.errors import UsageError

COMMANDS = CliRunner()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What the folder was asked for; the project is in `tmp_path`."""
    seen: list[Any] = []

    def made(path: Path, name: str, profiles: tuple[str, ...], env_files: tuple[str, ...]) -> Adoption:
        seen.append((path, name, profiles, env_files))
        return Adoption(name or "shop", "name: shop\n", 3)

    (tmp_path / "parameters/environments").mkdir(parents=True)
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    monkeypatch.setattr("runbook_lib.adopting.adopt.adopt_folder", made)
    return seen


def test_the_draft_becomes_an_environment_of_the_project(asked: list[Any], tmp_path: Path) -> None:
    ended = COMMANDS.invoke(app, ["adopt", "/srv/my shop", "--profile", "a", "--profile", "b", "--env-file", "c.env"])
    assert ended.exit_code == 0
    assert asked == [(Path("/srv/my shop"), "", ("a", "b"), ("c.env",))]
    assert (tmp_path / "parameters/environments/shop.yaml").read_text() == "name: shop\n"
    assert "3 TODOs left" in ended.output
    assert "What is left: runbook doctor -e shop --offline" in ended.output


@pytest.mark.parametrize("path", ["", "~no-such-user-here/shop"])
def test_a_path_that_leads_nowhere_is_an_error_and_no_traceback(path: str) -> None:
    ended = COMMANDS.invoke(app, ["adopt", path, "-o", "-"])
    assert isinstance(ended.exception, UsageError)


def test_another_file_gives_the_environment_its_name(asked: list[Any], tmp_path: Path) -> None:
    file = tmp_path / "my drafts" / "other.yaml"
    file.parent.mkdir()
    ended = COMMANDS.invoke(app, ["adopt", ".", "-o", str(file)])
    assert ended.exit_code == 0
    assert f"runbook doctor -e '{file}' --offline" in ended.output, "the line is pasted into a shell"
    assert asked[0][1] == "other"
    assert file.exists()


def test_a_dash_prints_the_draft_alone(asked: list[Any], tmp_path: Path) -> None:
    assert COMMANDS.invoke(app, ["adopt", ".", "-o", "-"]).output == "name: shop\n"
    assert not list((tmp_path / "parameters/environments").iterdir())


def test_doctor_prints_a_table_or_json_and_ends_with_what_it_found() -> None:
    ended = COMMANDS.invoke(app, ["doctor", "-e", "staging", "--offline"])
    assert ended.exit_code == 0
    assert "30_backup_database" in ended.output
    as_json = json.loads(COMMANDS.invoke(app, ["doctor", "-e", "staging", "--offline", "--json"]).output)
    assert {"notebook", "title", "verdict", "requirements"} == set(as_json[0])


def test_doctor_refuses_a_draft(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: TODO\n")
    ended = COMMANDS.invoke(app, ["doctor", "-e", str(tmp_path / "mine.yaml"), "--offline"])
    assert "This is a draft: 1 TODO left." in str(ended.exception)


def test_a_server_is_asked_where_one_is_named(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def made(folder: str, address: str, **more: str) -> Adoption:
        seen.append((folder, address, more))
        return Adoption("shop", "name: shop\n", 1)

    monkeypatch.setattr("runbook_lib.adopting.server.adopt_server", made)
    ended = COMMANDS.invoke(app, ["adopt", "/opt/shop", "--server", "deploy@host", "--key-file", "k", "-o", "-"])
    assert (ended.output, asked) == ("name: shop\n", [])
    assert seen == [("/opt/shop", "deploy@host", {"key_file": "k", "known_hosts_file": "~/.ssh/known_hosts", "name": ""})]


def test_without_postgresql_it_is_said_before_the_work_begins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("runbook_lib.adopting.adopt.adopt_folder", lambda *words: Adoption("shop", "name: shop\n", 3, has_postgres=False))
    ended = COMMANDS.invoke(app, ["adopt", ".", "-o", str(tmp_path / "shop.yaml")])
    assert (ended.exit_code, "say there what keeps the data" in ended.output) == (0, True)
