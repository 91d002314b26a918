"""The repository of an application holds what its owners have in it, and is the same on every machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab.applications.registry import SHOP
from lab.applications.sources import RELEASE, build_sources


def git(path: Path, *words: str) -> str:
    return subprocess.run(("git", *words), cwd=path, check=True, capture_output=True, text=True).stdout


def test_the_second_application_is_a_project_as_people_have_them(tmp_path: Path) -> None:
    build_sources(SHOP, tmp_path / "one")
    tracked = git(tmp_path / "one", "ls-files").splitlines()
    assert {".env", "Dockerfile", "compose.yml", "compose.override.yml", "manage.py"} <= set(tracked)
    assert not [name for name in tracked if "__pycache__" in name or "runbook" in name]
    assert git(tmp_path / "one", "tag").split() == [RELEASE]
    assert git(tmp_path / "one", "status", "--porcelain") == ""


def test_the_same_files_give_the_same_commit(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_sources(SHOP, tmp_path / name)
    assert git(tmp_path / "one", "rev-parse", RELEASE) == git(tmp_path / "two", "rev-parse", RELEASE)
