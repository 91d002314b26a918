"""Secrets and provenance of this machine."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.connections.local import checkout, current_operator, load_secrets, parse_secrets
from runbook_lib.core.errors import Refused, SecretMissing


def environment(file: Path | None) -> Any:
    return SimpleNamespace(secrets={"A_SECRET": None, "B_SECRET": None}, secrets_file=str(file) if file else None)


def stored(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "secrets.env"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_the_process_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "from-environment")
    found = load_secrets(environment(stored(tmp_path, "A_SECRET=from-file\nB_SECRET=b\nOTHER=c\n")))
    assert {name: secret.reveal() for name, secret in found.items()} == {
        "A_SECRET": "from-environment",
        "B_SECRET": "b",
    }


def test_missing_and_empty_secrets_are_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "")
    assert load_secrets(environment(stored(tmp_path, "B_SECRET=\n"))) == {}
    assert load_secrets(environment(tmp_path / "none")) == {}
    assert load_secrets(environment(None)) == {}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(Refused, match="read by others"):
        load_secrets(environment(stored(tmp_path, "A_SECRET=x\n", mode)))


def test_a_folder_is_not_made_a_secrets_file_by_its_mode(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing, match="Is a directory") as caught:
        load_secrets(environment(tmp_path))
    assert "chmod" not in caught.value.next_step  # of a folder such as /etc that would lock out everything else
    assert "secrets_file" in caught.value.next_step


def test_a_bad_line_is_named_by_number_and_never_shown() -> None:
    with pytest.raises(SecretMissing) as caught:
        parse_secrets("# comment\nA=1\nhunter2-without-a-name\n", "file")
    assert "Line 3" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A='x y'", "x y"),
        ('A="x"', "x"),
        ("A=x=y==", "x=y=="),
        ("export A=x", "x"),
        ("A = x ", "x"),
        ("A='", "'"),
        ("A=$(id)", "$(id)"),
    ],
)
def test_values_are_taken_as_they_stand(line: str, value: str) -> None:
    assert parse_secrets(line, "file") == {"A": value}


def test_in_ci_the_operator_is_who_triggered_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "ana")
    assert current_operator().name == "ana"


def test_a_folder_without_git_has_no_commit(tmp_path: Path) -> None:
    assert checkout(tmp_path).commit is None


def test_a_changed_checkout_is_not_clean(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b", *words],
            check=True,
            capture_output=True,
        )

    git("init")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-m", "first")
    assert checkout(tmp_path).clean is True
    (tmp_path / "file").write_text("2")
    assert checkout(tmp_path).clean is False
