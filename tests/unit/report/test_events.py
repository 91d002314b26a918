"""A journal, event by event, as a report."""

from __future__ import annotations

from runbook_lib.report.events import load
from tests.unit.report.sample_runs import page


def test_a_step_in_progress_when_the_run_was_killed_is_unknown(runs):
    assert [step.state for step in load(runs["killed"]).steps][:2] == ["passed", "unknown"]
    assert "1 incomplete line" in page(runs, "killed")


def test_undone_steps_are_shown_as_rolled_back_and_counted(runs):
    report = load(runs["failed_and_rolled_back"])
    assert [step.state for step in report.steps] == ["passed"] * 3 + ["rolled back"] * 2 + ["failed"] + ["not run"] * 2
    assert report.steps_in_figures == "3 of 8 passed, 2 undone"
