"""Files with secrets that would be lost with the server: those that are there, and that no clone has as they are."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs

WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}


def unsaved(folder: Path, *paths: str) -> list[str]:
    done = subprocess.run(("bash", "-s", "--", str(folder), *paths), input=programs.text("recovery/compose_names.sh", "recovery/unsaved_secrets.sh"),
                          text=True, capture_output=True, timeout=60, check=True)
    return done.stdout.splitlines()


def test_what_git_has_unchanged_comes_back_with_it_and_the_rest_does_not(tmp_path: Path) -> None:
    project = tmp_path / "Büro Läden"
    (project / "env").mkdir(parents=True)
    for name in (".env", "env/web.env", "changed.env", "untracked.env", "../outside.env"):
        (project / name).write_text("KEY=one\n")
    git = ("git", "-C", str(project))
    subprocess.run((*git, "init", "-q"), check=True)
    subprocess.run((*git, "add", ".env", "env", "changed.env"), check=True)
    subprocess.run((*git, "commit", "-qm", "one"), check=True, env={**os.environ, **WHO})
    (project / "changed.env").write_text("KEY=another\n")
    asked = (".env", "env/web.env", "changed.env", "untracked.env", "../outside.env", "missing.env", "-n")
    assert unsaved(project, *asked) == ["changed.env", "untracked.env", "../outside.env"]


def test_without_git_every_file_is_unsaved_and_none_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KEY=one\n")
    assert unsaved(tmp_path, ".env", "b.env") == [".env"]


def test_a_folder_that_is_not_there_is_said_by_the_exit_code(tmp_path: Path) -> None:
    done = subprocess.run(("bash", "-s", "--", str(tmp_path / "gone"), ".env"), input=programs.text("recovery/compose_names.sh", "recovery/unsaved_secrets.sh"),
                          text=True, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (66, "", "")


@pytest.mark.parametrize(("named", "found"), [
    ("${FILE}", "env/one.env"), ("$FILE", "env/one.env"), ("${FILE:-other.env}", "env/one.env"), ("${FILE:?set it}", "env/one.env"),
    ("${NONE:-env/one.env}", "env/one.env"), ("${NONE-env/one.env}", "env/one.env"), ("${EMPTY:-env/one.env}", "env/one.env"),
    ("${FILE:+env/two words.env}", "env/two words.env"), ("${FOLDER:-./secrets}/${WHICH}.env", "env/two words.env"),
    ("./${FOLDER}/one.env", "./env/one.env"), ("parts/${WHOLE}/one.env", "{whole}/env/one.env"), ("a$$b", "a$b"),
    # what is not known there may be known to whoever types the command
    ("${NONE}", "${NONE}"), ("secrets/${NONE}.txt", "secrets/${NONE}.txt"), ("${NONE:?set it}", "${NONE:?set it}"),
    ("${EMPTY}", "${EMPTY}"), ("${NONE:-gone.env}", ""), ("${FOLDER}/gone.env", "")])
def test_a_name_is_filled_in_as_compose_does_and_shown_as_it_is_where_it_cannot_be(tmp_path: Path, named: str, found: str) -> None:
    """Files of secrets that are named by a variable were left out."""
    (tmp_path / "env").mkdir()
    for name in ("env/one.env", "env/two words.env", "a$b"):
        (tmp_path / name).write_text("KEY=one\n")
    (tmp_path / ".env").write_text(f"FILE=wrong\nexport FILE=env/one.env  # the second counts\nFOLDER = \"env\" \nWHICH='two words'\nEMPTY=\n"
                                   f"WHOLE={tmp_path}/env\nPASSWORD=$(touch ran)`touch ran`\n".replace("/env\nPASS", "/env\nPASS"))
    expected = [found.replace("{whole}/env", f"{tmp_path}/env")] if found else []
    assert unsaved(tmp_path, named) == expected
    assert unsaved(tmp_path, "${PASSWORD}") == []
    assert not (tmp_path / "ran").exists()
