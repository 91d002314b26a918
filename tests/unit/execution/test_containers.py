"""Before an undo removes them, the containers of a failed step are in the evidence, and their error in the failure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.runs import RunFolder, new_run
from runbook_lib.core.errors import LinkDropped, RollbackFailed, RolledBack
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, StepState
from runbook_lib.core.questions import Question
from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.execution import ActionResult, PlanExecutor
from runbook_lib.platform.facts.failed_containers import FailedContainer
from runbook_lib.platform.facts.request_logs import RequestLogs
from tests.unit.execution_doubles import FAILED, ScriptedBackend, plan

SECRET = Secret("STAGING_DB_PASSWORD", "Zq7-Wm3xK9_pL2vB8nR4")
SICK = FailedContainer("web", "shop-web-1", "running", "unhealthy", 0, False, True,
                       ((1, f"curl: {SECRET.reveal()} refused"),), (f"ERROR no column due_at {SECRET.reveal()}", "GET / 500"))
FINE = FailedContainer("cron", "shop-cron-1", "running", "", 0, False, True, (), ("ERROR job failed",))


class WithContainers(ScriptedBackend):
    """Knows the containers that there are; what was undone before it was asked is in `undone_before`."""

    def __init__(self, found: Any, **answers: Any) -> None:
        super().__init__(**answers)
        self.found = found
        self.undone_before: list[str] | None = None
        self.asked = 0

    def ask(self, question: Question[Any]) -> Any:
        self.asked += 1
        self.undone_before = [one for one in self.did if one.startswith("un")]
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.fixture
def folder(outputs: Any) -> RunFolder:
    return new_run("20_deploy", outputs, Redactor([SECRET]))


def ended(folder: RunFolder, backend: ScriptedBackend) -> RolledBack:
    with journal.Journal(folder) as opened, pytest.raises(RolledBack) as raised:
        PlanExecutor(plan(), backend, opened, folder, lambda *_: None, request_logs=RequestLogs(project="shop")).run()
    return raised.value


def test_what_they_logged_is_kept_before_anything_is_undone_and_redacted(folder: RunFolder) -> None:
    backend = WithContainers((FINE, SICK), two=FAILED)
    error = ended(folder, backend)
    assert backend.undone_before == []
    text = (folder.path / "evidence/two-containers.txt").read_text()
    assert "shop-web-1, service web: running, unhealthy" in text
    assert "health check, exit code 1: curl:" in text
    assert "ERROR job failed" in text
    assert SECRET.reveal() not in text + error.what
    finished = next(one for one in journal.read(folder) if one["event"] == "step_finished" and one["key"] == "two")
    assert "evidence/two-containers.txt" in finished["evidence"]


def test_the_failure_names_the_error_of_the_one_at_fault_first(folder: RunFolder) -> None:
    first, undone = ended(folder, WithContainers((FINE, SICK), two=FAILED)).what.split("\n")
    assert "failed: exit code 3: no space left; shop-web-1 (running, unhealthy): ERROR no column due_at" in first
    assert first.endswith("; shop-cron-1 (running): ERROR job failed")
    assert undone.startswith("Everything done so far was undone")


@pytest.mark.parametrize("found", [(), LinkDropped("gone"), ZeroDivisionError()])
def test_without_an_answer_the_undo_is_as_before(folder: RunFolder, found: Any) -> None:
    error = ended(folder, WithContainers(found, two=FAILED))
    assert error.what.split("\n")[0].endswith("failed: exit code 3: no space left")
    assert not (folder.path / "evidence/two-containers.txt").exists()


def test_a_step_that_was_stopped_asks_for_none(folder: RunFolder) -> None:
    backend = WithContainers((SICK,), two=ActionResult(StepState.ABORTED, message="stopped"))
    ended(folder, backend)
    assert backend.undone_before is None


def failed_rollback(folder: RunFolder, backend: WithContainers, what: Plan) -> RollbackFailed:
    with journal.Journal(folder) as opened, pytest.raises(RollbackFailed) as raised:
        PlanExecutor(what, backend, opened, folder, lambda *_: None, request_logs=RequestLogs(project="shop")).run()
    return raised.value


def test_an_undo_that_fails_keeps_what_its_containers_leave_too(folder: RunFolder) -> None:
    """The earlier release did not start again, and nothing showed why: its container was recreated by hand soon after."""
    error = failed_rollback(folder, WithContainers((SICK,), two=FAILED, untwo=FAILED), plan())
    text = (folder.path / "evidence/two-undo-containers.txt").read_text()
    assert "shop-web-1, service web: running, unhealthy" in text
    finished = next(one for one in journal.read(folder) if one["event"] == "undo_finished")
    assert "evidence/two-undo-containers.txt" in finished["evidence"]
    assert "Undoing 'Two' failed too: exit code 3: no space left; shop-web-1 (running, unhealthy): ERROR" in error.what
    assert SECRET.reveal() not in text + error.what


def test_an_undo_that_passes_asks_for_none(folder: RunFolder) -> None:
    ended(folder, WithContainers((SICK,), two=FAILED))
    assert [one.name for one in sorted(folder.path.glob("evidence/*-containers.txt"))] == ["two-containers.txt"]


def test_a_check_of_the_undo_that_does_not_pass_keeps_them_too(folder: RunFolder) -> None:
    shut = Gate("users", (Question("users", lambda _: False),), lambda _: (Finding("users", Verdict.FAILED, "shut"),),
                success_threshold=1, interval_s=0.01, deadline_s=0.05)
    error = failed_rollback(folder, WithContainers((SICK,), two=FAILED), replace(plan(), rollback_check=shut))
    assert "external verification did not pass" in error.what
    assert "health check, exit code 1" in (folder.path / "evidence/rollback-check-containers.txt").read_text()


def test_an_undo_that_lost_its_link_does_not_wait_for_the_server_once_more(folder: RunFolder) -> None:
    backend = WithContainers((SICK,), two=FAILED, untwo=LinkDropped("gone"))
    failed_rollback(folder, backend, plan())
    assert backend.asked == 1, "of the step that failed, and not of its undo"
