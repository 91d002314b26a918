"""What is said where git does not read the checkout, and what to do about it: with git's own words."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.release.facts.checkout_errors import unreachable
from tests.unit.release.repositories import Repositories


def test_a_checkout_of_another_user_is_not_a_missing_one(repositories: Repositories) -> None:
    """Cloned by root, and read by the user that deploys: it is there."""
    subprocess.run(("chown", "-R", "1234", str(repositories.checkout)), check=True)
    with pytest.raises(FactUnreadable) as found:
        repositories.survey("develop")
    assert "belongs to another user" in found.value.what
    assert f"safe.directory {repositories.checkout}" in found.value.next_step


def test_a_folder_without_git_is_one_to_clone_into(repositories: Repositories, tmp_path: Path) -> None:
    repositories.checkout = tmp_path / "empty"
    repositories.checkout.mkdir()
    with pytest.raises(FactUnreadable, match="There is no git checkout") as found:
        repositories.survey("develop")
    assert "Clone it there" in found.value.next_step
    assert "git ls-remote origin" in unreachable("unreachable", "no route to host", "here").next_step
