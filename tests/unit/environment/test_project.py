"""Where the project, its parameters and its archive are."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.environment import project


def test_the_root_is_named_found_upwards_or_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNBOOK_HOME", raising=False)
    monkeypatch.delenv("RUNBOOK_OUTPUTS", raising=False)
    (tmp_path / "parameters" / "environments").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert project.root() == tmp_path
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path / "elsewhere"))
    assert project.root() == tmp_path / "elsewhere"
    assert project.outputs() == tmp_path / "elsewhere" / "outputs"
    monkeypatch.setenv("RUNBOOK_OUTPUTS", str(tmp_path / "archive"))
    assert project.outputs() == tmp_path / "archive"


def test_outside_every_project_the_root_is_the_packages_own_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNBOOK_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert (project.root() / "runbook_lib/environment/project.py").is_file()
    assert (project.root() / "notebooks/00_start_here.ipynb").is_file()


def test_a_working_folder_that_is_gone_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNBOOK_HOME", raising=False)
    monkeypatch.delenv("RUNBOOK_OUTPUTS", raising=False)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert (project.root() / "runbook_lib/environment/project.py").is_file()
    assert project.outputs() == project.root() / "outputs"
