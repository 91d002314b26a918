"""Outcomes from journals, and of notebooks that never opened a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run
from runbook_lib.headless.outcome import outcome_of_journal, outcome_stopped_early, outcome_without_run


def test_the_journal_decides_the_exit_code(outputs: Path) -> None:
    folder = new_run("20_deploy", outputs)
    with Journal(folder) as opened:
        opened.write("run_started", run_id=folder.run_id)
        assert outcome_of_journal(folder.path, folder.run_id, 1.0).state == "aborted"
        opened.write("run_finished", verdict="failed", state="rolled back", exit_code=5, summary="Undone.")
    outcome = outcome_of_journal(folder.path, folder.run_id, 1.0)
    assert (outcome.exit_code, outcome.state) == (5, "rolled back")


@pytest.mark.parametrize(("ended", "code"), [
    ({"ename": "BadParameter", "evalue": "x"}, 2), ({"ename": "SecretMissing", "evalue": "x"}, 3),
    ({"ename": "NameError", "evalue": "x"}, 70), ({}, 70), ({"ename": "PASSED"}, 70), ({"ename": "annotations"}, 70),
])
def test_a_notebook_that_never_opened_a_run_ends_as_its_error_says(ended: dict[str, Any], code: int) -> None:
    assert outcome_without_run(ended, 1.0).exit_code == code


def test_what_ended_the_run_comes_with_where_and_what_next(outputs: Path) -> None:
    folder = new_run("20_deploy", outputs)
    with Journal(folder) as opened:
        opened.write("run_finished", verdict="failed", state="failed", exit_code=1, summary="The disk is full.",
                     where="staging:/backups", next_step="Free space.")
    record = outcome_of_journal(folder.path, folder.run_id, 1.23456).record()
    assert record["summary"] == "The disk is full.\nWhere: staging:/backups\nNext: Free space."
    assert record["report"] == str(folder.path / "report.html")
    assert record["seconds"] == 1.235


def test_a_stop_before_the_run_was_opened_is_a_failure_without_a_report() -> None:
    outcome = outcome_stopped_early("stopped by its time limit of 1 s", 0.5)
    assert (outcome.exit_code, outcome.state, outcome.record()["report"]) == (1, "aborted", None)
    assert outcome.summary.startswith("Stopped by its time limit of 1 s. The run was not open yet: ")
    assert "nothing was changed, and there is no report of it.\nNext: " in outcome.summary


def test_a_run_whose_end_the_disk_refused_ends_as_it_reported(tmp_path: Path) -> None:
    reported = {"verdict": "failed", "state": "rolled back", "exit_code": 5, "summary": "Step 2 failed.", "where": "lab"}
    outcome = outcome_of_journal(tmp_path, "x", 1.0, reported)
    assert (outcome.exit_code, outcome.state) == (5, "rolled back")
    assert "Step 2 failed." in outcome.summary and "could not be recorded" in outcome.summary


def test_a_run_that_passed_but_could_not_be_recorded_is_not_a_pass(tmp_path: Path) -> None:
    assert outcome_of_journal(tmp_path, "x", 1.0, {"verdict": "passed", "exit_code": 0}).exit_code == 1
