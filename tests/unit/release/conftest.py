"""An origin, an engineer's clone and the server's checkout, for the tests of a release's survey."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.release.repositories import Repositories, git


@pytest.fixture
def repositories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repositories:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    origin, work, checkout = tmp_path / "origin.git", tmp_path / "work", tmp_path / "checkout"
    git(tmp_path, "init", "-q", "--bare", "-b", "develop", str(origin))
    git(tmp_path, "clone", "-q", str(origin), str(work))
    git(work, "checkout", "-q", "-B", "develop")
    found = Repositories(origin, work, checkout)
    found.commit("first")
    git(tmp_path, "clone", "-q", str(origin), str(checkout))
    return found
