"""A repository whose objects are named by SHA-256: a commit has 64 digits, and is read as any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.release.conftest import without_variables_of_git
from tests.unit.release.repositories import Repositories, git


@pytest.fixture
def long_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repositories:
    without_variables_of_git(monkeypatch)
    origin, work, checkout = (tmp_path / name for name in ("origin.git", "work", "checkout"))
    git(tmp_path, "init", "-q", "--bare", "--object-format=sha256", "-b", "develop", str(origin))
    git(tmp_path, "init", "-q", "--object-format=sha256", "-b", "develop", str(work))
    git(work, "remote", "add", "origin", str(origin))
    made = Repositories(origin, work, checkout)
    made.commit("first")
    git(tmp_path, "clone", "-q", str(origin), str(checkout))
    made.commit("second")
    return made


@pytest.mark.parametrize("digits", [None, 64, 12, 50])
def test_a_commit_of_64_digits_is_found_by_branch_hash_and_its_beginning(long_names: Repositories, digits: int | None) -> None:
    """Each release of such a repository was refused as an unknown form."""
    whole = git(long_names.work, "rev-parse", "HEAD").strip()
    assert len(whole) == 64
    ref = "develop" if digits is None else whole[:digits]
    tree = long_names.survey(ref)
    assert tree.commit.commit == whole
    assert (tree.commit.kind, tree.commit.version) == ("branch" if digits is None else "commit", whole[:7])
