"""A project folder for runs, and a process that has opened none yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.run import current
from tests.notebooks.sample_notebooks import SECRET, ProjectDir


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectDir:
    made = ProjectDir(tmp_path / "home")
    made.add("10_good")
    monkeypatch.setenv("RUNBOOK_HOME", str(made.path))
    monkeypatch.setenv("STAGING_DB_PASSWORD", SECRET)
    monkeypatch.setattr(current, "_opened", False)
    monkeypatch.setattr(current, "_open", None)
    return made
