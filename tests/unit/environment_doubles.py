"""Environment files for tests: overlays on the staging plan, and a project that has its files and no lab."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import load_environment

ENVIRONMENTS = Path(__file__).parents[2] / "parameters" / "environments"


def overlay(folder: Path, text: str, name: str = "mine.yaml") -> str:
    """An environment file in `folder` with `text` on top of staging."""
    (folder / name).write_text(f"extends: {ENVIRONMENTS / 'staging.yaml'}\n" + dedent(text), encoding="utf-8")
    return str(folder / name)


def faults_of(path: str) -> list[str]:
    with pytest.raises(EnvironmentInvalid) as caught:
        load_environment(path)
    return [line.removeprefix(f"{path}: ") for line in caught.value.what.splitlines()]


def copied_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project in `folder` with the environments of this one, and no lab."""
    environments = folder / "parameters" / "environments"
    environments.mkdir(parents=True)
    for file in ENVIRONMENTS.glob("*.yaml"):
        (environments / file.name).write_bytes(file.read_bytes())
    monkeypatch.setenv("RUNBOOK_HOME", str(folder))
