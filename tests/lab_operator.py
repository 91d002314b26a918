"""The lab as an operator meets it who has bad luck, or bad intentions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.faults.operators import Operator
from tests.lab_server import ROOT, Lab
from tests.notebooks.sample_notebooks import ProjectDir


@pytest.fixture
def operator(lab: Lab, outputs: Path) -> Operator:
    """An operator at a terminal, with an archive of their own."""
    return Operator(lab, outputs)


@pytest.fixture
def environment_with(lab: Lab, tmp_path: Path) -> Callable[..., str]:
    """The lab's environment file with something changed: `environment_with(server={...})` returns its path."""

    def write(**changes: Any) -> str:
        path = tmp_path / "changed.yaml"
        base = lab.environment if "/" in lab.environment else str(lab.instance.address.folder.parents[1] /
                                                                  f"parameters/environments/{lab.environment}.yaml")
        path.write_text(yaml.safe_dump({"extends": base, "name": lab.name, **changes}))
        return str(path)

    return write


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectDir:
    """A project folder for notebooks made for one test, which knows the lab."""
    made = ProjectDir(tmp_path / "home")
    monkeypatch.setenv("RUNBOOK_HOME", str(made.path))
    (made.path / "parameters/environments/lab.yaml").symlink_to(ROOT / "parameters/environments/lab.yaml")
    return made
