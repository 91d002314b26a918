"""Environment files for tests: overlays on the staging plan, and a project that has its files and no lab."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

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
    data = load_environment("staging").model_dump(mode="json")
    data["services"] = {names.get(name, name): one for name, one in data["services"].items()}
    lists = [one["needs"] for one in data["services"].values()]
    lists += [one["services"] for one in data["health"]["claims"].values()]
    lists += [one["needed_by"] for one in data["secrets"].values()]
    for held in lists:
        held[:] = [names.get(name, name) for name in held]
    for resource in data["capacity"]["resources"].values():
        for key in ("limit", "held_by"):
            if str(resource.get(key)).startswith("services."):
                _, service, *rest = resource[key].split(".")
                resource[key] = ".".join(("services", names.get(service, service), *rest))
    for key in ("database", "cache"):
        data[key]["service"] = names.get(data[key]["service"], data[key]["service"])
    return Environment.model_validate(data, strict=False)


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
