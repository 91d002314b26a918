"""What comes first in a report: each error once, without what the failed step shows already."""

from __future__ import annotations

from pathlib import Path

from runbook_lib.archive.summary import summary_of_events
from runbook_lib.report.problems import error_rows, finding_row
from runbook_lib.report.run_report import Event, RunReport, StepReport


def report(*errors: Event, **parts: object) -> RunReport:
    made = RunReport(summary_of_events([], Path("20261122T160501Z-7f3a9c-x")), errors=list(errors))
    for name, value in parts.items():
        setattr(made, name, value)
    return made


def test_an_error_that_repeats_the_failed_step_keeps_its_advice_alone() -> None:
    step = StepReport("gate", "Gate", "failed", message="503 in 12 of 12 probes")
    error = {"what": "Step 6 of 8, 'Gate', failed: 503 in 12 of 12 probes", "where": "lab", "next_step": "Run 21 Verify."}
    assert error_rows(report(error, steps=[step])) == [{"what": "", "where": "lab", "next_step": "Run 21 Verify."}]


def test_an_error_with_nothing_new_is_left_out_and_no_error_stands_twice() -> None:
    step = StepReport("gate", "Gate", "failed", message="503")
    assert error_rows(report({"what": "503"}, steps=[step])) == []
    assert len(error_rows(report({"what": "disk full"}, {"what": "disk full"}))) == 1


def test_a_finding_that_is_listed_below_is_not_repeated_as_an_error() -> None:
    findings = [("stage", [{"check": "error rate", "measured": "12 %", "verdict": "failed"}])]
    assert error_rows(report({"what": "error rate: 12 %, expected below 10 %"}, findings=findings)) == []


def test_an_unknown_verdict_is_shown_as_it_is() -> None:
    assert finding_row({"check": "x", "verdict": "strange"})["badge"].word == "strange"
