"""The summary and the figures of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run
from runbook_lib.archive.summary import summary_of_events
from runbook_lib.report.events import load
from runbook_lib.report.html import rendered
from runbook_lib.report.run_report import RunReport, StepReport
from tests.unit.report.sample_runs import finish


def test_each_line_of_a_summary_is_a_sentence(outputs):
    folder = new_run("20_deploy", outputs)
    finish(folder, Journal(folder), "failed", 5, "Step 3 failed: write: 500\nAll was undone.\nNow: blue is live.")
    assert load(folder.path).summary == "Step 3 failed: write: 500. All was undone."


def test_an_undone_step_that_failed_counts_as_undone(outputs):
    folder = new_run("20_deploy", outputs)
    journal = Journal(folder)
    for key in ("one", "two"):
        journal.write("step_started", key=key, title=key)
        journal.write("step_finished", key=key, title=key, state="passed" if key == "one" else "failed")
    for key in ("two", "one"):
        journal.write("undo_finished", key=key, state="rolled back")
    report = load(finish(folder, journal, "failed", 5, "Step 2 of 2, 'Two', failed: stopped").path)
    assert report.steps_in_figures == "0 of 2 passed, 2 undone"


def test_figures_of_checks_name_every_verdict_that_is_not_passed(runs):
    assert load(runs["verified_with_warning"]).checks_in_figures == "3 of 4 passed, 1 warning"
    assert load(runs["inconclusive"]).checks_in_figures == "1 of 2 passed, 1 inconclusive"
    assert load(runs["plan_only"]).checks_in_figures == ""
    assert load(runs["backup"]).steps_in_figures == ""


def test_the_head_counts_what_the_verdict_counts_and_names_the_rest_apart(outputs):
    folder = new_run("20_deploy", outputs)
    journal = Journal(folder)
    good, unsure = {"check": "up", "verdict": "passed"}, {"check": "traffic", "verdict": "inconclusive"}
    for stage, found in (("preconditions", [good]), ("under the lock", [good]), ("gate: external", [good, {**good, "check": "page"}]),
                         ("watch: v2", [good, unsure]), ("Notifications", [good])):
        journal.write("findings", stage=stage, findings=found)
    report = load(finish(folder, journal, "inconclusive", 4, "1 of 2 checks inconclusive: traffic.").path)
    assert report.checks_in_figures == "1 of 2 passed, 1 inconclusive"  # as the verdict counts them
    assert report.checks_of_steps_in_figures == "4 of 5 passed, 1 inconclusive"
    assert report.notified_in_figures == "1 of 1 passed"
    text = rendered(report, folder.path)
    assert "Checks within steps" in text
    assert "counted apart" in text


def test_open_findings_come_worst_first():
    findings = [{"check": verdict, "verdict": verdict} for verdict in ("warning", "passed", "failed", "inconclusive")]
    report = RunReport(summary_of_events([], Path("20261122T160501Z-7f3a9c-x")), findings=[("stage", findings)])
    assert [one["verdict"] for one in report.open_findings] == ["failed", "inconclusive", "warning"]


@pytest.mark.parametrize(("state", "failed"), [("failed", True), ("unknown", True), ("rolled back", False), ("not run", False)])
def test_a_step_fails_by_its_state(state, failed):
    assert StepReport("key", "Title", state).failed is failed


def test_a_run_that_wrote_although_it_changes_nothing_says_what(outputs):
    folder = new_run("21_verify", outputs)
    journal = Journal(folder)
    journal.write("fact", name="smoke test", value=1, writes="a synthetic account, deleted again")
    journal.write("fact", name="containers", value=1)
    finish(folder, journal, "passed", 0, "1 of 1 checks passed.")
    assert load(folder.path).writes == "a synthetic account, deleted again"
    assert "except a synthetic account, deleted again" in rendered(load(folder.path), folder.path)


def test_what_is_not_applicable_is_counted_apart(runs):
    assert load(runs["absent_service"]).checks_in_figures == "2 of 2 passed, 1 not applicable"
    assert load(runs["all_not_applicable"]).checks_in_figures == "1 not applicable"
    text = rendered(load(runs["absent_service"]), runs["absent_service"])
    assert "Not applicable" in text and "no Grafana server" in text
    assert "Checks that did not pass" not in text
