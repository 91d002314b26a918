"""A rollback that failed is what 00 reports first, until something has ended well since."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import pytest

from runbook_lib.archive.runs import list_runs
from runbook_lib.core.findings import Verdict
from runbook_lib.environment import project
from runbook_lib.report import failed_rollback as module
from runbook_lib.report.failed_rollback import failed_rollback
from tests.unit.report.sample_runs import BUILDERS

FAILED = ("20_deploy", "apply", 6)


def verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *runs: tuple[str, str, int | None], environment: str = "staging") -> Verdict:
    """Of runs, oldest first."""
    BUILDERS["refused"](tmp_path)
    (like,) = list_runs(tmp_path)
    made = [dataclasses.replace(like, notebook=notebook, mode=mode, exit_code=code, environment="staging") for notebook, mode, code in runs]
    monkeypatch.setattr(module, "archived_folders", lambda: [SimpleNamespace(path=one) for one in made])
    monkeypatch.setattr(module, "summary_of", lambda one: one)
    (found,) = failed_rollback(environment)
    return found.verdict


def test_the_report_of_a_failed_rollback_is_named_with_what_to_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by trying: after exit code 6 the overview had warnings alone, of services and of the backup."""
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)
    assert failed_rollback("lab")[0].verdict is Verdict.PASSED
    folder = BUILDERS["rollback_failed"](tmp_path)
    (run,) = list_runs(tmp_path)
    (found,) = failed_rollback(run.environment)
    assert found.verdict is Verdict.FAILED
    assert found.measured.startswith(f"20_deploy, {run.started_at[:10]}") and "ROLLBACK FAILED" in found.measured
    assert f"{folder.path.name}/report.html" in found.next_step and "22 Rollback" in found.next_step
    assert failed_rollback("another")[0].verdict is Verdict.PASSED


@pytest.mark.parametrize("later", [
    ("20_deploy", "plan", 0), ("20_deploy", "apply", 3), ("20_deploy", "apply", 4), ("22_rollback", "apply", 1), ("21_verify", "apply", 1),
    ("30_backup_database", "apply", 0), ("00_start_here", "read-only", 0), ("22_rollback", "apply", None)])
def test_it_stays_until_a_release_is_known_to_be_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: tuple[str, str, int | None]) -> None:
    assert verdict(tmp_path, monkeypatch, FAILED, later) is Verdict.FAILED


@pytest.mark.parametrize("later", [
    ("20_deploy", "apply", 0), ("22_rollback", "apply", 0), ("22_rollback", "apply", 5), ("32_restore_database", "apply", 0),
    ("21_verify", "apply", 0), ("21_verify", "read-only", 0)])
def test_what_has_ended_well_since_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: tuple[str, str, int | None]) -> None:
    assert verdict(tmp_path, monkeypatch, FAILED, later) is Verdict.PASSED
    assert verdict(tmp_path / "again", monkeypatch, later, FAILED) is Verdict.FAILED, "it was before"


def test_another_notebooks_undo_is_ended_by_that_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schedules = ("34_schedule_operations", "apply", 6)
    assert verdict(tmp_path, monkeypatch, schedules, ("20_deploy", "apply", 0)) is Verdict.FAILED
    assert verdict(tmp_path / "again", monkeypatch, schedules, ("34_schedule_operations", "apply", 0)) is Verdict.PASSED
