"""A project folder of its own for each test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.notebooks.sample_notebooks import ROOT, SECRET, ProjectDir


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectDir:
    """A project folder that RUNBOOK_HOME points to, with one secret in the process environment."""
    made = ProjectDir(tmp_path / "home")
    monkeypatch.setenv("RUNBOOK_HOME", str(made.path))
    monkeypatch.setenv("STAGING_DB_PASSWORD", SECRET)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    return made
