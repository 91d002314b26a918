"""How a run ends: verdict, state and exit code of every error, and of what was found."""

from __future__ import annotations

import subprocess

import pytest

from runbook_lib.core import errors
from runbook_lib.core.findings import Finding, Verdict, not_applicable
from runbook_lib.run.outcomes import as_stop, error_for, outcome_of_error, outcome_of_findings

PASSED, WARNING, FAILED, INCONCLUSIVE = (
    Finding(str(verdict), verdict, "measured", "expected", f"after {verdict}")
    for verdict in (Verdict.PASSED, Verdict.WARNING, Verdict.FAILED, Verdict.INCONCLUSIVE))


@pytest.mark.parametrize(("error", "verdict", "state", "code"), [
    (errors.StepFailed("x"), Verdict.FAILED, "failed", 1),
    (errors.BadParameter("x"), Verdict.FAILED, "refused", 2),
    (errors.LockHeld("x"), Verdict.FAILED, "refused", 3),
    (errors.LinkDropped("x"), Verdict.INCONCLUSIVE, "inconclusive", 4),
    (errors.RolledBack("x"), Verdict.FAILED, "rolled back", 5),
    (errors.RollbackFailed("x"), Verdict.FAILED, "rollback failed", 6),
    (errors.Aborted("x"), Verdict.FAILED, "aborted", 1),
    (KeyboardInterrupt(), Verdict.FAILED, "aborted", 1),
    (SystemExit(0), Verdict.FAILED, "aborted", 1),
    (ZeroDivisionError("x"), Verdict.FAILED, "failed", 70),
])
def test_every_error_has_its_end(error: BaseException, verdict: Verdict, state: str, code: int) -> None:
    outcome = outcome_of_error(error)
    assert (outcome.verdict, outcome.state, outcome.exit_code) == (verdict, state, code)


def test_a_bug_of_the_runbooks_is_called_one() -> None:
    assert outcome_of_error(ZeroDivisionError("x")).summary == (
        "Internal error (a bug in the runbooks): ZeroDivisionError: x")


@pytest.mark.parametrize(("error", "state", "code"), [
    (None, "aborted", 1),
    (subprocess.CalledProcessError(-2, "sleep"), "aborted", 1),
    (ZeroDivisionError("x"), "aborted", 1),
    (SystemExit(0), "aborted", 1),
    (KeyboardInterrupt(), "aborted", 1),
    (errors.RolledBack("x"), "rolled back", 5),
    (errors.RollbackFailed("x"), "rollback failed", 6),
])
def test_after_a_stop_only_what_an_execution_made_of_it_is_something_else(error: BaseException | None, state: str, code: int) -> None:
    outcome = outcome_of_error(as_stop(error))
    assert (outcome.state, outcome.exit_code) == (state, code)


def test_what_the_cell_ended_with_after_a_stop_is_named() -> None:
    assert "ended with ZeroDivisionError: x" in outcome_of_error(as_stop(ZeroDivisionError("x"))).summary


@pytest.mark.parametrize(("findings", "observed", "verdict", "code", "summary"), [
    ([], True, Verdict.PASSED, 0, "Nothing failed."),
    ([], False, Verdict.INCONCLUSIVE, 4, "Nothing was checked."),
    ([PASSED, PASSED], True, Verdict.PASSED, 0, "2 of 2 checks passed."),
    ([PASSED, WARNING], True, Verdict.WARNING, 0, f"1 of 2 checks passed, 1 warning (not met: {WARNING.check})."),
    ([PASSED, WARNING, WARNING], True, Verdict.WARNING, 0, f"1 of 3 checks passed, 2 warnings (not met: {WARNING.check}, {WARNING.check})."),
    ([PASSED, INCONCLUSIVE], True, Verdict.INCONCLUSIVE, 4, "1 of 2 checks inconclusive: inconclusive: measured, expected expected"),
    ([FAILED, INCONCLUSIVE], True, Verdict.FAILED, 1, "1 of 2 checks failed: failed: measured, expected expected"),
    ([FAILED] * 9, True, Verdict.FAILED, 1, f"9 of 9 checks failed: {', '.join(['failed'] * 6)} and 3 more."
     + "\nfailed: measured, expected expected" * 6),
])
def test_the_worst_finding_is_the_verdict(
    findings: list[Finding], observed: bool, verdict: Verdict, code: int, summary: str
) -> None:
    outcome = outcome_of_findings(findings, not_applied=False, observed=observed)
    assert (outcome.verdict, outcome.exit_code, outcome.summary) == (verdict, code, summary)


@pytest.mark.parametrize("number", [1, 6, 9])
def test_what_was_measured_fits_into_an_archived_summary(number: int) -> None:
    long = [Finding(f"check {n}", Verdict.INCONCLUSIVE, "no\nreply " * 200, "an answer") for n in range(number)]
    first, *lines = outcome_of_findings(long, not_applied=False, observed=True).summary.split("\n")
    assert first.endswith(" …") if number == 1 else len(lines) == min(number, 6)
    assert [line.partition(":")[0] for line in lines] == [f"check {n}" for n in range(len(lines))]
    assert len(first) + sum(map(len, lines)) < 1000


def test_plan_mode_is_neither_passed_nor_failed() -> None:
    outcome = outcome_of_findings([FAILED], not_applied=True, observed=True)
    assert (outcome.verdict, outcome.exit_code) == (Verdict.NOT_APPLIED, 0)


def test_close_raises_for_what_did_not_pass_with_the_advice_of_its_findings() -> None:
    failed = outcome_of_findings([FAILED, INCONCLUSIVE], not_applied=False, observed=True)
    error = error_for([FAILED, INCONCLUSIVE], failed, "lab")
    assert isinstance(error, errors.ChecksFailed)
    assert error.next_step == "after failed"
    assert error.what == "1 of 2 checks failed: failed: measured, expected expected", "its name stands there once"
    two = outcome_of_findings([FAILED, FAILED], not_applied=False, observed=True)
    raised = error_for([FAILED, FAILED], two, "lab")
    assert raised is not None
    assert raised.what == "2 of 2 checks failed: failed, failed." + "\nfailed: measured, expected expected" * 2
    unknown = outcome_of_findings([INCONCLUSIVE], not_applied=False, observed=True)
    assert isinstance(error_for([INCONCLUSIVE], unknown, "lab"), errors.Inconclusive)
    passed = outcome_of_findings([PASSED], not_applied=False, observed=True)
    assert error_for([PASSED], passed, "lab") is None


def test_what_is_not_applicable_is_not_a_pass_and_not_a_failure() -> None:
    absent = not_applicable("grafana is healthy", "no image")
    mixed = outcome_of_findings([PASSED, absent], not_applied=False, observed=True)
    assert (mixed.verdict, mixed.exit_code, mixed.summary) == (Verdict.PASSED, 0, "1 of 1 checks passed, 1 not applicable.")
    alone = outcome_of_findings([absent], not_applied=False, observed=True)
    assert (alone.verdict, alone.exit_code) == (Verdict.NOT_APPLICABLE, 0)
    assert alone.summary == "Not applicable here: grafana is healthy (no image)."
    assert outcome_of_findings([FAILED, absent], not_applied=False, observed=True).exit_code == 1
    assert outcome_of_findings([INCONCLUSIVE, absent], not_applied=False, observed=True).exit_code == 4
