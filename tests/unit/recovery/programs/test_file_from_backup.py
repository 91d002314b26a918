"""The commands of 33 that get a file back, run as written: the repository is bare, and keeps no log of its branch."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from runbook_lib.contract.catalogue import Runbook

ROOT = Path(__file__).parents[4]
REPOSITORY = "/backups/configuration.git"
PEOPLE = {f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def commands() -> dict[str, str]:
    """What is wanted → the first command of its row."""
    prose = "\n".join(cell["source"] for cell in Runbook("33", ROOT / "notebooks/33_backup_configuration.ipynb").cells)
    rows = re.findall(r"^\| ([^|]+) \| `(git [^`]+)`", prose, re.MULTILINE)
    return {wanted: command.replace(r"\|", "|") for wanted, command in rows}


def shell(command: str, *, given: str = "", at: datetime | None = None) -> str:
    """What a command prints, with `given` on its standard input."""
    date = {"GIT_COMMITTER_DATE": at.isoformat(), "GIT_AUTHOR_DATE": at.isoformat()} if at else {}
    done = subprocess.run(("bash", "-c", command), input=given, capture_output=True, text=True, check=False,
                          env={**os.environ, **PEOPLE, **date})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def backup(repository: Path, text: str, days_ago: float) -> None:
    """One commit as `backup_configuration.sh` makes it: a tree, a commit, and the branch moved to it."""
    git = f"git --git-dir={repository}"
    blob = shell(f"{git} hash-object -w --stdin", given=text)
    tree = shell(f"{git} mktree", given=f"100644 blob {blob}\tnginx.conf\n")
    for folder in ("nginx", "project"):
        tree = shell(f"{git} mktree", given=f"040000 tree {tree}\t{folder}\n")
    parent = shell(f"{git} rev-parse -q --verify refs/heads/main || true")
    made = shell(f"{git} commit-tree {tree} {f'-p {parent}' if parent else ''} -m backup",
                 at=datetime.now(UTC) - timedelta(days=days_ago))
    shell(f"{git} update-ref refs/heads/main {made}")


def test_the_file_of_a_week_ago_is_the_one_of_the_last_backup_before(tmp_path: Path) -> None:
    repository = tmp_path / "configuration.git"
    shell(f"git init -q --bare --initial-branch=main {repository}")
    for text, days_ago in (("first", 20.0), ("wanted", 8.0), ("later", 3.0), ("newest", 0.0)):
        backup(repository, text, days_ago)
    command = commands()["a file as it was a week ago"].replace(REPOSITORY, str(repository))
    assert shell(command) == "wanted"


def test_every_backup_is_listed_and_its_files_come_back_in_a_folder(tmp_path: Path) -> None:
    repository = tmp_path / "configuration.git"
    shell(f"git init -q --bare --initial-branch=main {repository}")
    backup(repository, "first", 1.0)
    backup(repository, "second", 0.0)
    listed = shell(commands()["to list the backups"].replace(REPOSITORY, str(repository)))
    assert listed.count("commit ") == 2
    folder = tmp_path / "back"
    folder.mkdir()
    command = commands()["all files of a commit in a folder"].replace(REPOSITORY, str(repository))
    shell(command.replace("COMMIT", "main~1").replace("FOLDER", str(folder)))
    assert (folder / "project/nginx/nginx.conf").read_text() == "first"
