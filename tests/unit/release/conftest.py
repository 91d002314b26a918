"""An origin, an engineer's clone and the server's checkout, for the tests of a release's survey."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.unit.release.repositories import Repositories, git


@pytest.fixture(scope="session")
def first_repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three as they are at first: made once, by a dozen processes, and copied for each test."""
    folder = tmp_path_factory.mktemp("repositories")
    with pytest.MonkeyPatch.context() as own:
        without_variables_of_git(own)
        origin, work = folder / "origin.git", folder / "work"
        git(folder, "init", "-q", "--bare", "--template=", "-b", "develop", str(origin))
        git(folder, "clone", "-q", "--template=", str(origin), str(work))
        git(work, "checkout", "-q", "-B", "develop")
        Repositories(origin, work, folder / "checkout").commit("first")
        git(folder, "clone", "-q", "--template=", str(origin), str(folder / "checkout"))
    return folder


@pytest.fixture
def repositories(first_repositories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repositories:
    without_variables_of_git(monkeypatch)
    for name in ("origin.git", "work", "checkout"):
        shutil.copytree(first_repositories / name, tmp_path / name)
    for config in (tmp_path / "work/.git/config", tmp_path / "checkout/.git/config"):
        config.write_text(config.read_text().replace(str(first_repositories), str(tmp_path)))
    return Repositories(tmp_path / "origin.git", tmp_path / "work", tmp_path / "checkout")


def without_variables_of_git(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
