"""Rows of steps: the output of the action that failed, and of no other."""

from __future__ import annotations

import pytest

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run
from runbook_lib.report.events import load
from runbook_lib.report.html import rendered
from runbook_lib.report.run_report import StepReport
from runbook_lib.report.step_rows import step_row
from tests.unit.report.sample_runs import finish, page


@pytest.mark.parametrize(("own", "undone", "said"), [("", "rolled back", False), ("", "failed", True), ("Port taken", "failed", False)])
def test_the_output_of_an_undo_is_not_shown_as_that_of_the_failed_step(outputs, own, undone, said):
    folder = new_run("20_deploy", outputs)
    journal = Journal(folder)
    journal.write("step_started", key="start", title="Start it")
    evidence = [folder.evidence("start-1.out.txt", own)] if own else []
    journal.write("step_finished", key="start", title="Start it", state="aborted", message="stopped", evidence=evidence)
    journal.write("undo_started", key="start")
    journal.write("undo_finished", key="start", state=undone, evidence=[folder.evidence("start-undo-1.err.txt", "No containers")])
    folder = finish(folder, journal, "failed", 5, "Stopped.")
    text = rendered(load(folder.path), folder.path)
    assert ("No containers" in text) is said
    assert own in text
    assert "start-undo-1.err.txt" in text


def test_of_several_actions_the_one_that_failed_is_shown(outputs):
    folder = new_run("20_deploy", outputs)
    journal = Journal(folder)
    journal.write("step_started", key="check", title="Check it")
    evidence = [folder.evidence(f"check-{number}.txt", said) for number, said in ((1, "it answers"), (2, "a file is missing"))]
    journal.write("step_finished", key="check", title="Check it", state="failed", message="no", evidence=evidence)
    folder = finish(folder, journal, "failed", 5, "Failed.")
    text = rendered(load(folder.path), folder.path)
    assert "a file is missing" in text
    assert "it answers" not in text


def test_a_picture_is_not_shown_as_text(outputs):
    folder = new_run("20_deploy", outputs)
    journal = Journal(folder)
    journal.write("step_started", key="gate", title="Verify it")
    (folder.path / "charts").mkdir(exist_ok=True)
    (folder.path / "charts/gate-3.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00" * 9)
    evidence = [folder.evidence("gate-1.out.txt", "blank page"), "charts/gate-3.png"]
    journal.write("step_finished", key="gate", title="Verify it", state="failed", message="no", evidence=evidence)
    text = rendered(load(finish(folder, journal, "failed", 5, "Failed.").path), folder.path)
    assert "PNG\n" not in text and "blank page" in text


@pytest.mark.parametrize(("state", "undo_state", "note"), [
    ("passed", "", ""), ("rolled back", "rolled back", "Passed, then undone."), ("failed", "rolled back", "Undone."),
    ("rollback failed", "rollback failed", "Passed; its undo failed."), ("failed", "started", "Undo: started."),
])
def test_a_step_shows_what_happened_to_it_afterwards(tmp_path, state, undo_state, note):
    step = StepReport("key", "Title", state, undo_state=undo_state)
    assert step_row(step, 1, tmp_path, (0.0, 0.0))["undo_note"] == note


@pytest.mark.parametrize(("state", "undo_state", "kept", "note"), [
    ("passed", "", "kept: the backup a.sql.gz", "Kept: the backup a.sql.gz."),
    ("failed", "rolled back", "may have stayed: a schema", "Undone; may have stayed: a schema."),
])
def test_what_stays_of_a_step_is_not_called_undone(tmp_path, state, undo_state, kept, note):
    step = StepReport("key", "Title", state, undo_state=undo_state, kept=kept)
    assert step_row(step, 1, tmp_path, (0.0, 0.0))["undo_note"] == note


def test_a_step_whose_undo_failed_stands_among_the_problems(runs):
    text = page(runs, "rollback_failed")
    assert text.index("Migrate the database: rollback failed") < text.index("<h2>Steps</h2>")
    assert "Undo failed: exit code 1: FATAL: lock timeout" in text
    assert "canceling statement due to lock timeout" in text
