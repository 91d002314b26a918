"""The sample runs with their reports, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.archive.runs import seal_abandoned
from tests.unit.report.sample_runs import build_all


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each sample run, by its name, all in one archive."""
    outputs = tmp_path_factory.mktemp("archive")
    made = {name: folder.path for name, folder in build_all(outputs).items()}
    seal_abandoned(outputs)
    return made
