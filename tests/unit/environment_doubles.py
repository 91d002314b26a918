"""Environment files for tests: overlays on the staging plan, and a project that has its files and no lab."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import Environment, load_environment

ENVIRONMENTS = Path(__file__).parents[2] / "parameters" / "environments"


def overlay(folder: Path, text: str, name: str = "mine.yaml") -> str:
    """An environment file in `folder` with `text` on top of staging."""
    (folder / name).write_text(f"extends: {ENVIRONMENTS / 'staging.yaml'}\n" + dedent(text), encoding="utf-8")
    return str(folder / name)


def with_services_renamed(names: Mapping[str, str]) -> Environment:
    """The staging environment with some of its services under other names, wherever it names them."""

    def renamed(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {names.get(one, one) if key == "services" else one: renamed(held, one) for one, held in value.items()}
        if isinstance(value, list):
            return [names.get(one, one) if key in ("needs", "services", "needed_by", "writers") else one for one in value]
        if key in ("service", "api", "page", "metrics", "alerts") and isinstance(value, str):
            return names.get(value, value)
        if isinstance(value, str) and value.startswith("services."):
            first, name, *rest = value.split(".")
            return ".".join((first, names.get(name, name), *rest))
        return value

    return Environment.model_validate(renamed(load_environment("staging").model_dump(mode="json")), strict=False)


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
