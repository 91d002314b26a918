"""What comes first in a report: each error once, without what the failed step shows already."""

from __future__ import annotations

import re
from pathlib import Path

from runbook_lib.archive.summary import summary_of_events
from runbook_lib.report.problems import Advice, error_rows, finding_row
from runbook_lib.report.run_report import Event, RunReport, StepReport
from tests.unit.report.sample_runs import page


def report(*errors: Event, **parts: object) -> RunReport:
    made = RunReport(summary_of_events([], Path("20261122T160501Z-7f3a9c-x")), errors=list(errors))
    for name, value in parts.items():
        setattr(made, name, value)
    return made


def test_an_error_that_repeats_the_failed_step_keeps_its_advice_alone() -> None:
    step = StepReport("gate", "Gate", "failed", message="503 in 12 of 12 probes")
    error = {"what": "Step 6 of 8, 'Gate', failed: 503 in 12 of 12 probes", "where": "lab", "next_step": "Run 21 Verify."}
    assert error_rows(report(error, steps=[step]), Advice()) == [{"what": "", "where": "lab", "next_step": "Run 21 Verify."}]


def test_an_error_with_nothing_new_is_left_out_and_no_error_stands_twice() -> None:
    step = StepReport("gate", "Gate", "failed", message="503")
    assert error_rows(report({"what": "503"}, steps=[step]), Advice()) == []
    assert len(error_rows(report({"what": "disk full"}, {"what": "disk full"}), Advice())) == 1


def test_a_finding_that_is_listed_below_is_not_repeated_as_an_error() -> None:
    findings = [("stage", [{"check": "error rate", "measured": "12 %", "verdict": "failed"}])]
    assert error_rows(report({"what": "error rate: 12 %, expected below 10 %"}, findings=findings), Advice()) == []


def test_an_unknown_verdict_is_shown_as_it_is() -> None:
    assert finding_row({"check": "x", "verdict": "strange"}, Advice())["badge"].word == "strange"


def test_the_same_advice_is_given_once_and_the_longest_of_all() -> None:
    hint, whole = "Compare DATABASE_URL.", "Compare DATABASE_URL. Fix the release and deploy again."
    errors = ({"what": "a", "next_step": hint}, {"what": "b", "next_step": whole}, {"what": "b", "next_step": whole})
    advice = Advice()
    assert [row["next_step"] for row in error_rows(report(*errors), advice)] == ["", whole]
    row = finding_row({"check": "x", "verdict": "failed", "next_step": hint}, advice)
    assert row["next_step"] == ""
    assert finding_row({"check": "y", "verdict": "failed", "next_step": "Another."}, advice)["next_step"] == "Another."


def test_every_report_of_a_failure_says_each_next_step_once(runs: dict[str, Path]) -> None:
    for name in ("failed_and_rolled_back", "rollback_failed", "inconclusive", "lost_disk"):
        text = page(runs, name).split("<h2>Facts</h2>")[0].split("Appendix")[0]
        for advice in re.findall(r'(?:<b>Next step</b>|<div class="note">Next: )(.*?)</div>', text):
            assert text.count(advice) == 1, (name, advice)
        assert "Next" in text


def test_that_records_are_lost_is_shown_though_the_step_has_the_same_reason(runs: dict[str, Path]) -> None:
    assert "3 records of this run could not be written" in page(runs, "lost_disk").split("<h2>Steps</h2>")[0]
