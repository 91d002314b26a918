"""What a run has found so far, and how it ends by that."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder, new_run
from runbook_lib.core.errors import (
    Aborted,
    CellNotReady,
    EndpointUnavailable,
    Inconclusive,
    PreconditionFailed,
    Refused,
    StepFailed,
)
from runbook_lib.core.findings import Verdict, finding
from runbook_lib.core.plan import Plan
from runbook_lib.core.questions import Question
from runbook_lib.core.signals import as_sentence, stopped_by
from runbook_lib.execution import Execution
from runbook_lib.kernel import stopping
from runbook_lib.run.outcomes import outcome_of_error
from runbook_lib.run.record import RUN_AGAIN, RunRecord
from tests.unit.run_doubles import TOUCH


@pytest.fixture
def folder(outputs: Path) -> RunFolder:
    return new_run("10_good", outputs)


@pytest.fixture
def record(folder: RunFolder) -> Iterator[RunRecord]:
    with Journal(folder) as opened:
        yield RunRecord(opened, "lab, 10_good")


def verdict_of(record: RunRecord) -> Verdict:
    return record.outcome()[0].verdict


def test_a_fact_alone_passes_and_nothing_at_all_is_inconclusive(record: RunRecord) -> None:
    assert verdict_of(record) is Verdict.INCONCLUSIVE
    record.add_fact("answer", 42, 0.1)
    assert verdict_of(record) is Verdict.PASSED


def test_a_question_without_an_answer_is_inconclusive_until_it_is_answered(record: RunRecord) -> None:
    record.add_findings("verification", finding("up", True))
    record.add_unanswered("monitoring", EndpointUnavailable("no reply", next_step="Start Prometheus."))
    outcome, error = record.outcome()
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert isinstance(error, Inconclusive)
    assert (error.where, error.next_step) == ("lab, 10_good", "Start Prometheus.")
    assert (outcome.where, outcome.next_step) == (error.where, error.next_step)  # the terminal and the team read these


def test_a_run_that_was_stopped_says_what_that_left_where_and_what_next(record: RunRecord) -> None:
    stopping.note_signal(signal.SIGTERM)
    words = as_sentence(stopped_by(signal.SIGTERM))

    def stopped(error: BaseException) -> tuple[str, str, str]:
        outcome = record.stopped(outcome_of_error(error))
        return outcome.summary, outcome.where, outcome.next_step

    assert stopped(KeyboardInterrupt()) == (f"{words} Nothing was changed.", "lab, 10_good", RUN_AGAIN)
    record.note_asked(Question("smoke test", lambda _: None, writes="a synthetic account, deleted again"))
    assert stopped(KeyboardInterrupt())[0] == f"{words} What may be left of a question: a synthetic account, deleted again."
    record.acted = True
    assert stopped(KeyboardInterrupt())[0].endswith("what it did was not verified to the end.")
    # a step that was stopped, and whatever was not a stop, have an account of their own
    assert stopped(Aborted("Step 2 was aborted.", where="lab, step dump", next_step="Read it.")) == (
        "Step 2 was aborted.", "lab, step dump", "Read it.")
    assert stopped(StepFailed("bad"))[0] == "bad"


def test_an_answer_takes_the_place_of_the_missing_one(record: RunRecord) -> None:
    record.add_unanswered("monitoring", EndpointUnavailable("no reply"))
    record.add_fact("monitoring", "up", 0.1)
    assert verdict_of(record) is Verdict.PASSED


def test_findings_count_by_stage_and_check_and_the_last_one_stands(record: RunRecord) -> None:
    record.add_findings("before", finding("up", False))
    record.add_findings("after", finding("up", True))
    assert verdict_of(record) is Verdict.FAILED
    record.add_findings("before", finding("up", True))
    assert verdict_of(record) is Verdict.PASSED


def test_findings_that_do_not_count_leave_the_verdict_as_it_is(record: RunRecord, folder: RunFolder) -> None:
    record.add_fact("answer", 42, 0.1)
    record.add_findings("as it is now (not applied)", finding("up", False), counts=False)
    assert verdict_of(record) is Verdict.PASSED
    assert [event["counts"] for event in journal.read(folder) if event["event"] == "findings"] == [False]


def test_a_failed_execution_is_the_end_whatever_is_found_later(record: RunRecord) -> None:
    failed = StepFailed("Step 1 failed.")
    record.add_failed_execution(failed)
    record.add_findings("verification", finding("up", True))
    outcome, error = record.outcome()
    assert (outcome.exit_code, error) == (1, failed)


def test_nothing_to_do_is_a_pass_that_says_why(record: RunRecord) -> None:
    execution = record.add_not_applied(Plan("touch", "lab", reason="already there"))
    assert execution.applied
    assert record.outcome()[0].summary == "Nothing to do: already there. Nothing failed."
    assert not record.not_applied


def test_what_was_done_comes_before_the_checks_of_it(record: RunRecord) -> None:
    record.add_plan(TOUCH)
    assert record.outcome()[0].summary == "Nothing was checked."
    record.add_execution(Execution(TOUCH, (), applied=True))
    record.add_findings("verification", finding("up", True))
    assert record.outcome()[0].summary == f"Done: {TOUCH.name} on {TOUCH.target}. 1 of 1 checks passed."


def test_a_run_begins_with_what_is_true_now_where_its_plan_names_it(record: RunRecord) -> None:
    """*Done: deploy v3.2.0* and a number of checks left open whether the release is live."""
    deploy = replace(TOUCH, achieves="v3.2.0 is live on lab")
    assert deploy.hash == TOUCH.hash, "who approved the plan did not approve its words"
    record.add_plan(deploy)
    record.add_execution(Execution(deploy, (), applied=True))
    record.add_findings("verification", finding("up", True))
    assert record.outcome()[0].summary == "v3.2.0 is live on lab. 1 of 1 checks passed."
    record.add_findings("verification", finding("up", False))
    assert "is live" not in record.outcome()[0].summary


def test_a_plan_that_is_only_shown_is_not_applied(record: RunRecord) -> None:
    assert not record.add_not_applied(TOUCH).applied
    assert record.not_applied
    assert verdict_of(record) is Verdict.NOT_APPLIED


def test_an_error_is_recorded_with_where_and_what_next(record: RunRecord, folder: RunFolder) -> None:
    record.add_error(EndpointUnavailable("no reply", where="nginx", next_step="Start it."))
    record.add_error(ValueError("a bug"))
    assert [(event["type"], event["what"], event["next_step"]) for event in journal.read(folder)] == [
        ("EndpointUnavailable", "no reply", "Start it."), ("ValueError", "a bug", "")]


def test_a_cell_that_failed_and_never_passed_keeps_the_run_from_passing(record: RunRecord) -> None:
    record.add_fact("answer", 42, 0.1)
    record.add_cell("a", "choice = choose()\nmore()", Refused("There is no earlier release."))
    record.add_cell("b", "run.verify(good)", None)
    outcome, error = record.outcome()
    assert (outcome.verdict, outcome.exit_code) == (Verdict.INCONCLUSIVE, 4)
    assert "the cell that begins with choice = choose(): There is no earlier release" in str(error)


def test_a_refusal_of_a_cell_counts_and_the_cells_that_lack_its_result_are_one_line(record: RunRecord) -> None:
    record.add_fact("answer", 42, 0.1)
    record.add_cell("a", "choice = choose()", PreconditionFailed("There is no earlier release.", next_step="Deploy one."))
    for name in "bcd":
        record.add_cell(name, "use(choice)", CellNotReady("This cell needs 'choice'."))
    outcome, error = record.outcome()
    assert (outcome.verdict, outcome.exit_code) == (Verdict.INCONCLUSIVE, 4)
    assert "There is no earlier release" in str(error) and "3 cells could not run" in str(error)
    assert outcome.summary.startswith("2 of 2 checks inconclusive")


@pytest.mark.parametrize("cell_id", ["a", ""])
def test_a_cell_that_was_corrected_is_forgotten(record: RunRecord, cell_id: str) -> None:
    record.add_fact("answer", 42, 0.1)
    record.add_cell(cell_id, "misspelt", NameError("misspelt"))
    record.add_cell(cell_id, "spelt", None)
    assert verdict_of(record) is Verdict.PASSED


def test_an_interrupt_and_what_keeps_its_own_account_are_no_failed_cells(record: RunRecord) -> None:
    record.add_fact("answer", 42, 0.1)
    lost = EndpointUnavailable("no answer")
    record.add_unanswered("question", lost)
    record.add_cell("a", "wait()", KeyboardInterrupt())
    unmet = PreconditionFailed("not met")
    record.add_unmet(unmet)
    record.add_cell("b", "run.require(one)", unmet)
    record.add_cell("c", "run.ask(question)", lost)
    record.add_fact("question", 1, 0.1)
    assert verdict_of(record) is Verdict.PASSED
