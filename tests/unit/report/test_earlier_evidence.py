"""What earlier runs kept: only of sealed, applied runs of that notebook on that environment."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive.runs import list_runs
from runbook_lib.core.errors import Inconclusive
from runbook_lib.environment import project
from runbook_lib.report import earlier_evidence as module
from runbook_lib.report.earlier_evidence import earlier_evidence
from tests.unit.report.sample_runs import BUILDERS


@pytest.fixture(autouse=True)
def _archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)


def test_a_file_that_a_run_kept_is_read_back_with_its_start(tmp_path: Path) -> None:
    BUILDERS["refused"](tmp_path)
    (run,) = list_runs(tmp_path)
    (run.path / "evidence").mkdir(exist_ok=True)
    (run.path / "evidence" / "figures.json").write_text('{"a": 1}')
    ((started, run_id, text),) = earlier_evidence(run.notebook, run.environment, "figures.json")
    assert (started.isoformat()[:16], run_id, text) == (run.started_at[:16], run.run_id, '{"a": 1}')
    assert earlier_evidence(run.notebook, "another", "figures.json") == ()
    assert earlier_evidence("20_other", run.environment, "figures.json") == ()
    assert earlier_evidence(run.notebook, run.environment, "other.json") == ()


@pytest.mark.parametrize("change", [{"mode": "plan"}, {"verdict": ""}, {"started_at": "yesterday"}])
def test_what_was_only_planned_is_open_or_damaged_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                              change: dict[str, Any]) -> None:
    BUILDERS["refused"](tmp_path)
    (run,) = list_runs(tmp_path)
    (run.path / "evidence").mkdir(exist_ok=True)
    (run.path / "evidence" / "figures.json").write_text("{}")
    monkeypatch.setattr(module, "summary_of", lambda path: dataclasses.replace(run, **change))
    assert earlier_evidence(run.notebook, run.environment, "figures.json") == ()


def test_an_empty_archive_has_none_and_one_that_cannot_be_read_is_inconclusive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert earlier_evidence("60_load_test", "lab", "figures.json") == ()

    def refused(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, "run_folders", refused)
    with pytest.raises(Inconclusive, match="Permission denied"):
        earlier_evidence("60_load_test", "lab", "figures.json")
