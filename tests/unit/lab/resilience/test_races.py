"""A race has exactly one winner, and the refusal shows who holds the lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.resilience.races import _problems
from lab.resilience.runner import FinishedRun
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run


def run(outputs: Path, code: int, summary: str = "", *events: str) -> FinishedRun:
    folder = new_run("20_deploy", outputs)
    with Journal(folder) as journal:
        journal.write("run_started", run_id="run-1")
        for event in events:
            journal.write(event, key="start")
        journal.write("run_finished", state="passed", exit_code=code, summary=summary)
    return FinishedRun(code, "", folder.path)


def test_one_winner_and_a_refusal_that_names_it_is_correct(tmp_path: Path) -> None:
    refused = run(tmp_path, 3, "anna holds the environment (run-1)")
    assert _problems([run(tmp_path, 0, "", "lock_taken"), refused]) == []


def test_a_winner_whose_error_rate_had_too_few_requests_has_won(tmp_path: Path) -> None:
    refused = run(tmp_path, 3, "anna holds the environment (run-1)")
    assert _problems([run(tmp_path, 4, "", "lock_taken"), refused]) == []


@pytest.mark.parametrize("codes", [(0, 0), (3, 3), (0, 1), (0, 4)])
def test_any_other_outcome_is_a_problem(tmp_path: Path, codes: tuple[int, int]) -> None:
    (problem,) = _problems([run(tmp_path, code) for code in codes])
    assert problem.startswith("not one winner and one refusal")


def test_a_refused_run_that_had_the_lock_is_a_problem(tmp_path: Path) -> None:
    refused = run(tmp_path, 3, "anna holds the environment (run-1)", "lock_taken")
    assert _problems([run(tmp_path, 0), refused]) == ["the refused run had the lock as well"]


def test_a_refusal_that_does_not_name_the_winner_is_a_problem(tmp_path: Path) -> None:
    problems = _problems([run(tmp_path, 3, "another operator holds the environment"), run(tmp_path, 0)])
    assert [problem.partition(":")[0] for problem in problems] == [
        "the refusal does not show 'run-1'", "the refusal does not show 'ben'"]
