"""What one action leaves: its output as evidence, its message, and a result whichever way it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.runs import RunFolder, new_run
from runbook_lib.core.browsing import Picture
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import (
    CommandTimedOut,
    EndpointUnavailable,
    FactUnreadable,
    HostUnreachable,
    LinkDropped,
    LockHeld,
    RunbookError,
)
from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.gates import Gate, Reading, Watch
from runbook_lib.core.plan import StepState
from runbook_lib.core.questions import Question
from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.execution.actions import ActionRunner, combined, failure_message, format_reading
from runbook_lib.execution.backend import ActionResult, Interrupted
from runbook_lib.execution.recorder import Recorder
from runbook_lib.kernel.stopping import stop_reason
from runbook_lib.platform.facts.request_logs import RequestLine, RequestLogs
from tests.unit.execution_doubles import FAILED, PASSED, ScriptedBackend, gate

SECRET = Secret("STAGING_DB_PASSWORD", "Zq7-Wm3xK9_pL2vB8nR4")
LOGS = RequestLogs(files=("/var/log/app.log",))
SQL_ERROR = """Traceback (most recent call last):
sqlalchemy.exc.DBAPIError: LockNotAvailableError: canceling statement due to lock timeout
DETAIL:  of squads
[SQL: UPDATE squads SET name = btrim(name)]
(Background on this error at: https://sqlalche.me/e/20/dbapi)
"""


@pytest.fixture
def folder(outputs: Path) -> RunFolder:
    return new_run("20_deploy", outputs)


@pytest.fixture
def runner(folder: RunFolder) -> Iterator[ActionRunner]:
    backend = ScriptedBackend(bad=FAILED)
    backend.held = True
    with journal.Journal(folder) as opened:
        yield ActionRunner(backend, Recorder(opened, folder), LOGS)


def quiet(_: str) -> None:
    """Shows nothing."""


def test_what_a_command_prints_is_evidence_and_silence_leaves_no_file(runner: ActionRunner, folder: RunFolder) -> None:
    result = runner.run(Command(("bad", "one")), "step-1", quiet)
    assert result.evidence == ("evidence/step-1.err.txt",)
    assert (folder.path / result.evidence[0]).read_text() == "$ bad one\n\nno space left\n"


def test_a_gate_that_stays_shut_has_the_hint_of_its_first_fault(runner: ActionRunner) -> None:
    shut = replace(gate([False], deadline_s=0.02), trigger="Deployment health check failures",
                   judge=lambda _: (finding("up", True), finding("page", False, measured="500", next_step="Read the log.")))
    result, outcome = runner.open_gate(shut, "gate-1", quiet)
    assert (result.state, result.message, result.hint) == (StepState.FAILED, "page: 500", "Read the log.")
    assert result.watched is not None
    assert not outcome.opened


def test_a_gate_that_opens_leaves_neither_hint_nor_watch(runner: ActionRunner) -> None:
    result, _ = runner.open_gate(gate([True]), "gate-1", quiet)
    assert (result.passed, result.hint, result.watched) == (True, "", None)


def test_the_picture_of_a_gate_is_in_the_report_and_what_was_not_seen_is_no_pass(
    runner: ActionRunner, folder: RunFolder
) -> None:
    unseen = (Finding("page", Verdict.INCONCLUSIVE, "no browser"),)
    looked = Gate("a page", (Question("page", lambda connections: True),), lambda _: unseen, 1, may_be_inconclusive=("page",),
                  picture=lambda _: Picture(b"\x89PNG\xff"))
    result, _ = runner.open_gate(looked, "gate-1", quiet)
    assert (result.passed, result.unresolved) == (True, unseen)
    assert result.evidence[1] == "charts/gate-1.png"
    assert (folder.path / result.evidence[1]).read_bytes() == b"\x89PNG\xff"
    shown = [one for one in journal.read(folder.path) if one["event"] == "shown"]
    assert shown[0]["chart"] == ["charts/gate-1.png"]


@pytest.mark.parametrize(("error", "state"), [
    (CommandTimedOut("60 s were not enough"), StepState.TIMED_OUT),
    (LinkDropped("gone"), StepState.UNKNOWN), (HostUnreachable("gone"), StepState.UNKNOWN),
    (LockHeld("Ben has it"), StepState.ABORTED), (KeyboardInterrupt(), StepState.ABORTED),
    (EndpointUnavailable("no answer"), StepState.FAILED),
])
def test_every_way_an_action_can_be_cut_short_is_a_result(runner: ActionRunner, error: Any, state: StepState) -> None:
    assert runner.result_of(error, "one").state is state


def test_only_an_error_without_a_state_of_its_own_is_recorded_as_an_error(runner: ActionRunner, folder: RunFolder) -> None:
    runner.result_of(LinkDropped("gone"), "one")
    runner.result_of(EndpointUnavailable("no answer", next_step="Start nginx."), "one")
    errors = [event for event in journal.read(folder) if event["event"] == "error"]
    assert [(one["what"], one["next_step"]) for one in errors] == [("no answer", "Start nginx.")]


def test_an_action_that_passed_while_it_was_being_stopped_is_aborted_all_the_same(runner: ActionRunner) -> None:
    result = runner.result_of(Interrupted(PASSED), "one")
    assert (result.state, result.message) == (StepState.ABORTED, f"{stop_reason()}; its last command had just passed")
    assert result.evidence == ("evidence/one-stopped.out.txt",)


def test_several_actions_end_as_their_last_and_keep_the_evidence_of_all() -> None:
    unresolved = Finding("rate", Verdict.INCONCLUSIVE)
    first = ActionResult(StepState.PASSED, evidence=("a",), unresolved=(unresolved,))
    whole = combined([first, replace(FAILED, evidence=("b",))])
    assert (whole.state, whole.evidence, whole.unresolved) == (StepState.FAILED, ("a", "b"), (unresolved,))
    assert combined([]).passed


@pytest.mark.parametrize(("stderr", "expected"), [
    (SQL_ERROR, "canceling statement due to lock timeout"),
    ("no such file\n", "exit code 1: no such file"),
    ("(nothing but a remark)\n", "exit code 1: (nothing but a remark)"),
    ("", "exit code 1"),
])
def test_an_error_is_reported_by_the_line_that_names_it_and_not_by_the_links_after_it(stderr: str, expected: str) -> None:
    message = failure_message(ActionResult(StepState.FAILED, exit_code=1, stderr=stderr))
    assert message.endswith(expected)
    assert "sqlalche.me" not in message


def test_the_headline_of_a_gate_stands_in_the_head_of_the_report(runner: ActionRunner, folder: RunFolder) -> None:
    measured = finding("outage", True, measured="2.5 s")
    opened = replace(gate([True]), judge=lambda _: (measured, finding("else", True, measured="1")), headline="outage")
    runner.run(opened, "gate", lambda tail: None)
    unknown = replace(opened, judge=lambda _: (finding("outage", None),), may_be_inconclusive=("outage",))
    runner.run(unknown, "gate-2", lambda tail: None)
    shown = [event for event in journal.read(folder) if event["event"] == "shown"]
    assert [(one["title"], one["text"], one["highlight"]) for one in shown] == [("Outage", "2.5 s", "gate")]


def test_the_headline_of_a_watch_stands_there_too(runner: ActionRunner, folder: RunFolder) -> None:
    watch = Watch("watch", (), lambda before, answers: Reading({}), lambda readings: (finding("users", True, measured="0"),),
                  duration_s=0.0, interval_s=0.01, headline="users")
    runner.run(watch, "watch", quiet)
    shown = [event for event in journal.read(folder) if event["event"] == "shown"]
    assert [(one["title"], one["text"], one["highlight"]) for one in shown] == [("Users", "0", "gate")]


@pytest.mark.parametrize("printed", ["Terminated", "canceled", "dumped staging_db: 933148 bytes compressed"])
def test_what_a_program_prints_when_it_is_stopped_is_not_the_reason(printed: str) -> None:
    assert failure_message(ActionResult(StepState.ABORTED, 143, stderr=printed, message="stopped by it")) == "stopped by it"


def test_an_action_that_passed_has_no_failure_message() -> None:
    assert failure_message(PASSED) == ""


def test_a_reading_in_one_line_names_what_is_unknown_and_the_first_fault() -> None:
    assert format_reading(Reading({"rate": None, "requests": 80.0})) == "rate unknown · requests 80; no fault"
    assert format_reading(Reading({}, (Finding("page", Verdict.FAILED, "500"),))) == "; page: 500"


class LoggedBackend(ScriptedBackend):
    """A server whose logs have lines about one request."""

    lines: tuple[RequestLine, ...] = (RequestLine("16:05:01", "ERROR", f"failed: password {SECRET.reveal()}"),)
    error: RunbookError | None = None

    def ask(self, question: Question[Any]) -> Any:
        if question.name != "log lines of the failed requests":
            return super().ask(question)
        if self.error:
            raise self.error
        return self.lines


@pytest.mark.parametrize("error", [None, LinkDropped("gone"), FactUnreadable("no log")])
def test_the_log_lines_of_a_failed_gates_requests_are_in_the_evidence_redacted(outputs: Path, error: RunbookError | None) -> None:
    backend, folder = LoggedBackend(), new_run("20_deploy", outputs, Redactor([SECRET]))
    backend.error = error
    shut = replace(gate([False], deadline_s=0.02), judge=lambda healthy: (finding("read", healthy, request_id="4f2c1d9e7ab30c55"),))
    with journal.Journal(folder, folder.redactor) as opened:
        result = ActionRunner(backend, Recorder(opened, folder), LOGS).run(shut, "gate-1", lambda tail: None)
    assert result.state is StepState.FAILED
    assert "evidence/gate-1-requests.txt" in result.evidence
    text = (folder.path / "evidence/gate-1-requests.txt").read_text()
    # without the file its reader would take it for "nothing was logged"
    shown = "16:05:01  ERROR  failed: password ‹STAGING_DB_PASSWORD›" if error is None else f"not read  {error.what}"
    assert shown in text


def test_the_checks_of_a_gate_are_a_table_in_its_evidence(outputs: Path) -> None:
    folder = new_run("20_deploy", outputs)
    with journal.Journal(folder) as opened:
        ActionRunner(ScriptedBackend(), Recorder(opened, folder), LOGS).run(gate([False], deadline_s=0.02), "gate-1", lambda tail: None)
    text = (folder.path / "evidence/gate-1-gate.txt").read_text()
    assert "\t" not in text
    assert "verdict  check    measured  expected\nfailed   healthy" in text


@pytest.mark.parametrize("cut", [3985, 3990, 3999])
def test_what_is_shown_of_an_action_in_progress_is_redacted_before_it_is_cut(outputs: Path, cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook_lib.execution.actions.SHOW_EVERY_S", -1.0)
    value, shown = SECRET.reveal(), list[str]()

    class Printing(ScriptedBackend):
        def perform(self, action: Any, name: str, on_output: Callable[[str, str], None]) -> ActionResult:
            for text in (value[:9], value[9:], "y" * cut, f"\n{value[:12]}"):
                on_output("out", text)
            return ActionResult(StepState.FAILED, 1, stderr=f"{'z ' * 140}{value}")

    backend, folder = Printing(), new_run("20_deploy", outputs, Redactor([SECRET]))
    with journal.Journal(folder, folder.redactor) as opened:
        result = ActionRunner(backend, Recorder(opened, folder), LOGS).run(Command(("x",)), "x-1", shown.append)
    assert not any(piece in text for text in (*shown, failure_message(result)) for piece in (value[:9], value[9:], value[-8:]))


def test_what_a_gate_and_a_watch_warn_of_is_left_to_the_verdict_of_the_run(runner: ActionRunner) -> None:
    warned = Finding("p95", Verdict.WARNING, "925 ms")
    opened = Gate("errors logged", (Question("lines", lambda connections: ()),), lambda _: (warned, finding("up", True)), 1)
    watched = Watch("watch", (), lambda before, answers: Reading({}), lambda readings: (warned, finding("health", True)),
                    duration_s=0.0, interval_s=0.01, since="switch", primary_metric="", limit=0, unit="")
    for action in (opened, watched):
        result = runner.run(action, "one", quiet)
        assert (result.passed, result.unresolved) == (True, (warned,))
