"""A run as plain Python: what it refuses, what it records, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runbook_lib import open_run
from runbook_lib.archive import journal
from runbook_lib.archive.runs import list_runs, verify
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import (
    BadParameter,
    ChecksFailed,
    ConfirmationMissing,
    EndpointUnavailable,
    EnvironmentInvalid,
    Inconclusive,
    PlanChanged,
    PreconditionFailed,
    Refused,
)
from runbook_lib.core.findings import Verdict, finding
from runbook_lib.core.plan import Plan, Step
from runbook_lib.core.questions import Question
from runbook_lib.run import Run, current
from tests.notebooks.sample_notebooks import SECRET, ProjectDir

TOUCH = Plan("touch", "nowhere", (Step("touch", "Touch", (Command(("touch", "/x")),)),))


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectDir:
    made = ProjectDir(tmp_path / "home")
    made.add("10_good")
    monkeypatch.setenv("RUNBOOK_HOME", str(made.path))
    monkeypatch.setenv("STAGING_DB_PASSWORD", SECRET)
    monkeypatch.setattr(current, "_opened", False)
    monkeypatch.setattr(current, "_open", None)
    return made


def opened(**parameters: Any) -> Run:
    return open_run("10_good", {"environment": "nowhere", **parameters})


def finished(outputs: Path) -> dict[str, Any]:
    run = list_runs(outputs)[0]
    assert all(one.verdict is Verdict.PASSED for one in verify(run.path))
    return next(event for event in journal.read(run.path) if event["event"] == "run_finished")


@pytest.mark.parametrize(("wrong", "error"), [
    ({"confrim": "x"}, BadParameter), ({"count": "3"}, BadParameter), ({"environment": "elsewhere"}, EnvironmentInvalid),
])
def test_a_wrong_request_leaves_no_run(project_dir: ProjectDir, outputs: Path, wrong: dict[str, Any], error: type) -> None:
    with pytest.raises(error):
        opened(**wrong)
    assert list_runs(outputs) == []


def test_modules_functions_and_private_names_of_a_notebook_are_no_parameters(project_dir: ProjectDir) -> None:
    opened(Path=Path, _i="x", In=["x"], helper=len).close_quietly = None  # type: ignore[attr-defined]


def test_a_second_opening_in_the_same_process_seals_the_first_and_lets_names_of_cells_be(
    project_dir: ProjectDir, outputs: Path
) -> None:
    first = opened()
    second = opened(plan_of_mine="a name that a cell made")
    assert first.closed
    assert not second.closed
    states = {run.run_id: run.state for run in list_runs(outputs)}
    assert states == {first.run_id: "aborted", second.run_id: "open"}


def test_facts_are_recorded_with_redacted_values(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    assert run.ask(Question("the password", lambda _: SECRET)) == SECRET
    assert run.ask_all(Question("one", lambda _: 1), Question("two", lambda _: 2)) == (1, 2)
    facts = [event for event in journal.read(run.folder) if event["event"] == "fact"]
    assert [fact["value"] for fact in facts] == ["‹STAGING_DB_PASSWORD›", 1, 2]


def test_an_answer_that_cannot_be_had_is_raised_after_the_others_were_recorded(project_dir: ProjectDir) -> None:
    def broken(_: Any) -> int:
        raise EndpointUnavailable("no answer")

    run = opened()
    with pytest.raises(EndpointUnavailable):
        run.ask_all(Question("bad", broken), Question("good", lambda _: 2))
    assert [event["name"] for event in journal.read(run.folder) if event["event"] == "fact"] == ["good"]


@pytest.mark.parametrize("good", [False, None])
def test_require_refuses_with_what_to_do_next(project_dir: ProjectDir, good: bool | None) -> None:
    with pytest.raises(PreconditionFailed) as told:
        opened().require(finding("room", good, measured="3 GiB", expected="9 GiB", next_step="Free space."))
    assert "room: 3 GiB, needed 9 GiB" in told.value.what
    assert told.value.next_step == "Free space."


def test_require_refuses_when_nothing_was_looked_at(project_dir: ProjectDir) -> None:
    with pytest.raises(PreconditionFailed):
        opened().require(())


def test_warnings_let_a_run_go_on_and_show_in_its_verdict(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    run.require(finding("room", False, otherwise=Verdict.WARNING))
    run.close()
    assert (finished(outputs)["verdict"], finished(outputs)["exit_code"]) == ("warning", 0)


def test_failed_checks_fail_at_close_and_not_before(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    run.verify([finding("p95", False, measured="700 ms", expected="< 500 ms"), finding("up", True)])
    with pytest.raises(ChecksFailed, match="p95: 700 ms, expected < 500 ms"):
        run.close()
    assert finished(outputs)["exit_code"] == 1


def test_the_error_that_ends_a_run_is_recorded_with_its_next_step(project_dir: ProjectDir) -> None:
    run = opened()
    run.verify(finding("p95", False, next_step="Read the slow queries."))
    with pytest.raises(ChecksFailed):
        run.close()
    error = next(event for event in journal.read(run.folder) if event["event"] == "error")
    assert error["next_step"] == "Read the slow queries."


def test_missing_data_is_inconclusive_never_a_pass(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    run.verify([finding("p95", None)])
    with pytest.raises(Inconclusive):
        run.close()
    assert (finished(outputs)["verdict"], finished(outputs)["exit_code"]) == ("inconclusive", 4)


def test_a_run_that_looked_at_nothing_is_inconclusive(project_dir: ProjectDir, outputs: Path) -> None:
    with pytest.raises(Inconclusive):
        opened().close()


def test_a_check_made_again_replaces_what_it_said_before(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    run.verify(finding("up", False))
    run.verify(finding("up", True))
    run.close()
    assert finished(outputs)["verdict"] == "passed"


def test_plan_mode_opens_no_connection_and_later_checks_do_not_count(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    execution = run.execute(run.plan(TOUCH))
    assert not execution.applied
    assert run._connections is None
    run.verify(finding("touched", False))
    run.close()
    assert (finished(outputs)["verdict"], finished(outputs)["exit_code"]) == ("not applied", 0)


def test_in_plan_mode_the_connections_themselves_refuse_to_start_a_job(project_dir: ProjectDir) -> None:
    from runbook_lib.connections import jobs

    with pytest.raises(Refused, match="Plan mode"):
        jobs.start(opened().connections.server, Command(("touch", "/x")), "any")


def test_nothing_to_do_is_a_pass_in_either_mode(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened(mode="apply", confirm="nowhere")
    assert "already there" in str(run.execute(Plan("touch", "nowhere", reason="already there")))
    run.close()
    assert finished(outputs)["verdict"] == "passed"


@pytest.mark.parametrize("words", ["", "staging", "nowhere "])
def test_apply_needs_the_environments_own_name(project_dir: ProjectDir, words: str) -> None:
    with pytest.raises(ConfirmationMissing, match="name of the environment"):
        opened(mode="apply", confirm=words).execute(TOUCH)


def test_a_confirmation_is_recorded(project_dir: ProjectDir) -> None:
    run = opened(mode="apply")
    run.confirm("nowhere")
    assert any(event["event"] == "confirmed" for event in journal.read(run.folder))


def test_apply_is_refused_when_the_facts_have_moved_since_the_approved_plan(project_dir: ProjectDir) -> None:
    project_dir.add("11_pinned")
    path = project_dir.path / "notebooks" / "11_pinned.ipynb"
    path.write_text(path.read_text().replace("count: int = 3", 'plan_hash: str = \\"\\"\\ncount: int = 3'))
    run = open_run("11_pinned", {"mode": "apply", "plan_hash": "0" * 16})
    with pytest.raises(PlanChanged, match=TOUCH.hash):
        run.plan(TOUCH)
    assert open_run("11_pinned", {"mode": "apply", "plan_hash": TOUCH.hash}).plan(TOUCH) is TOUCH


def test_a_closed_run_takes_nothing_more(project_dir: ProjectDir) -> None:
    run = opened()
    run.verify(finding("up", True))
    run.close()
    with pytest.raises(Refused, match="closed and sealed"):
        run.ask(Question("late", lambda _: 1))


def test_a_shown_table_lands_in_the_journal(project_dir: ProjectDir) -> None:
    run = opened()
    run.show([{"name": "postgres", "size_bytes": 10}], title="sizes")
    shown = next(event for event in journal.read(run.folder) if event["event"] == "shown")
    assert shown["title"] == "sizes"
    assert shown["table"]["rows"]


def silent_once(name: str) -> Question[str]:
    answers: Iterator[Exception | str] = iter([EndpointUnavailable("No reply."), "up"])

    def fetch(_: Any) -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Question(name, fetch)


def test_a_question_that_was_never_answered_is_no_pass(project_dir: ProjectDir, outputs: Path) -> None:
    """In JupyterLab one can go on past the error of a cell."""
    run = opened()
    run.verify(finding("room", True))
    with pytest.raises(EndpointUnavailable):
        run.ask(silent_once("monitoring"))
    with pytest.raises(Inconclusive, match="monitoring"):
        run.close()
    assert finished(outputs)["verdict"] == "inconclusive"


def test_a_question_that_was_answered_at_the_second_attempt_counts(project_dir: ProjectDir, outputs: Path) -> None:
    run, question = opened(), silent_once("monitoring")
    with pytest.raises(EndpointUnavailable):
        run.ask_all(question)
    run.ask_all(question)
    run.close()
    assert finished(outputs)["verdict"] == "passed"


def test_after_a_plan_that_was_not_applied_a_check_for_its_effect_is_no_failure(project_dir: ProjectDir) -> None:
    run = opened(mode="plan")
    run.execute(TOUCH)
    effect, other = run.verify([finding("it is there", False, next_step="Make it."), finding("room", True)])
    assert (effect.verdict, effect.next_step, other.verdict) == (Verdict.NOT_APPLIED, "", Verdict.PASSED)
