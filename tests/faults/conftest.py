"""The lab as an operator meets it who has bad luck, or bad intentions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.faults.operators import Operator
from tests.lab_server import ROOT, Lab
from tests.notebooks.sample_notebooks import Home


@pytest.fixture
def operator(lab: Lab, outputs: Path) -> Operator:
    """Somebody at a terminal, with an archive of their own."""
    return Operator(lab, outputs)


@pytest.fixture
def bent(lab: Lab, tmp_path: Path) -> Callable[..., str]:
    """The lab's environment file with something changed: `bent(server={...})` returns its path."""

    def bend(**changes: Any) -> str:
        path = tmp_path / "bent.yaml"
        base = lab.environment if "/" in lab.environment else str(lab.instance.address.folder.parents[1] /
                                                                  f"parameters/environments/{lab.environment}.yaml")
        path.write_text(yaml.safe_dump({"extends": base, "name": lab.name, **changes}))
        return str(path)

    return bend


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A project folder for notebooks made for one test, which knows the lab."""
    made = Home(tmp_path / "home")
    monkeypatch.setenv("RUNBOOK_HOME", str(made.path))
    (made.path / "parameters/environments/lab.yaml").symlink_to(ROOT / "parameters/environments/lab.yaml")
    return made
