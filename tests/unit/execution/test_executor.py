"""Executing a plan with doubles for the server: true states, undo in reverse, the lock always released."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.runs import RunFolder, new_run
from runbook_lib.core.errors import (
    Aborted,
    EndpointUnavailable,
    HostUnreachable,
    LinkDropped,
    LockHeld,
    RollbackFailed,
    RolledBack,
    StepFailed,
)
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Step, StepState
from runbook_lib.execution import ActionResult
from runbook_lib.execution.backend import Interrupted
from tests.unit.execution_doubles import FAILED, PASSED, ScriptedBackend, events, executed, gate, plan, states, step


@pytest.fixture
def folder(outputs: Path) -> RunFolder:
    return new_run("20_deploy", outputs)


def test_steps_run_in_order_and_their_output_is_evidence(folder: RunFolder) -> None:
    backend = ScriptedBackend()
    execution = executed(folder, plan(), backend)
    assert backend.did == ["one", "two", "three"]
    assert [one.state for one in execution.steps] == [StepState.PASSED] * 3
    assert execution.applied
    assert "fine" in (folder.path / execution.steps[0].evidence[0]).read_text()
    assert events(folder)[0] == "lock_taken"
    assert events(folder)[-1] == "lock_released"


def test_a_step_is_journalled_before_it_acts(folder: RunFolder) -> None:
    seen: list[list[str]] = []

    def observe() -> ActionResult:
        seen.append(events(folder))
        return PASSED

    executed(folder, plan(step("one")), ScriptedBackend(one=observe))
    assert seen == [["lock_taken", "step_started"]]


def test_a_failure_undoes_the_failing_step_and_those_before_in_reverse(folder: RunFolder) -> None:
    backend = ScriptedBackend(two=FAILED)
    with pytest.raises(RolledBack, match="no space left"):
        executed(folder, plan(), backend)
    assert backend.did == ["one", "two", "untwo", "unone"]
    assert states(folder) == {"one": "passed", "two": "failed", "three": "not run"}
    assert not backend.held


def test_a_failing_undo_stops_there_because_earlier_undos_rest_on_it(folder: RunFolder) -> None:
    backend = ScriptedBackend(three=FAILED, untwo=FAILED)
    with pytest.raises(RollbackFailed, match="Undoing 'Two' failed too"):
        executed(folder, plan(), backend)
    assert backend.did == ["one", "two", "three", "unthree", "untwo"]
    assert not backend.held


def test_without_undo_a_failure_stops_and_leaves_everything(folder: RunFolder) -> None:
    backend = ScriptedBackend(two=FAILED)
    with pytest.raises(StepFailed):
        executed(folder, plan(undo=False), backend)
    assert backend.did == ["one", "two"]


def test_a_step_with_nothing_to_undo_before_it_is_a_plain_failure(folder: RunFolder) -> None:
    with pytest.raises(StepFailed, match="anything to undo"):
        executed(folder, plan(step("one", undo=False)), ScriptedBackend(one=FAILED))


def test_a_timeout_is_recorded_as_one(folder: RunFolder) -> None:
    with pytest.raises(RolledBack, match=r"undone \(1 step\)"):
        executed(folder, plan(), ScriptedBackend(one=ActionResult(StepState.TIMED_OUT, message="60 s were not enough")))
    assert states(folder)["one"] == "timed out"


@pytest.mark.parametrize("answer", [ActionResult(StepState.UNKNOWN, message="gone"), LinkDropped("gone"), HostUnreachable("gone")])
def test_an_unknown_outcome_is_never_undone_and_never_called_failed(folder: RunFolder, answer: Any) -> None:
    backend = ScriptedBackend(two=answer)
    with pytest.raises(LinkDropped, match="Nothing was undone"):
        executed(folder, plan(), backend)
    assert backend.did == ["one", "two"]
    assert states(folder)["two"] == "unknown"


def test_ctrl_c_during_a_step_is_aborted_and_undone(folder: RunFolder) -> None:
    backend = ScriptedBackend(two=Interrupted(ActionResult(StepState.ABORTED, message="stopped by us")))
    with pytest.raises(RolledBack, match=r"undone \(2 steps\)") as ended:
        executed(folder, replace(plan(), after_rollback_hint="Fix the release."), backend)
    assert ended.value.what.startswith("Step 2 of 3, 'Two', was aborted: stopped by ")
    assert "reason of the stop" in ended.value.next_step and "Fix" not in ended.value.next_step
    assert states(folder)["two"] == "aborted"
    assert backend.did[-2:] == ["untwo", "unone"]


def test_a_real_signal_without_undo_is_aborted_with_the_lock_free(folder: RunFolder) -> None:
    backend = ScriptedBackend(two=lambda: os.kill(os.getpid(), signal.SIGINT) or PASSED)
    with pytest.raises(Aborted):
        executed(folder, plan(undo=False), backend)
    assert states(folder) == {"one": "passed", "two": "aborted", "three": "not run"}
    assert not backend.held


def test_a_second_ctrl_c_does_not_break_the_undo(folder: RunFolder) -> None:
    backend = ScriptedBackend(two=lambda: os.kill(os.getpid(), signal.SIGINT),
                          untwo=lambda: os.kill(os.getpid(), signal.SIGINT) or PASSED)
    with pytest.raises(RolledBack):
        executed(folder, plan(), backend)
    assert backend.did[-2:] == ["untwo", "unone"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_held_lock_stops_before_the_first_step(folder: RunFolder) -> None:
    backend = ScriptedBackend()
    backend.lock_error = LockHeld("held by another")
    with pytest.raises(LockHeld):
        executed(folder, plan(), backend)
    assert backend.did == []
    assert events(folder) == []


def test_a_run_that_lost_its_lock_changes_nothing_more(folder: RunFolder) -> None:
    backend = ScriptedBackend(two=LockHeld("Ben holds the environment.", next_step="Speak with Ben."))
    with pytest.raises(Aborted, match=r"Ben holds the environment(?s:.*)Nothing was undone") as ended:
        executed(folder, plan(), backend)
    assert backend.did == ["one", "two"]
    assert states(folder) == {"one": "passed", "two": "aborted", "three": "not run"}
    assert ended.value.next_step == "Speak with Ben."
    assert events(folder)[-1] == "lock_lost"


def test_a_gate_opens_after_clean_probes_in_a_row_and_starts_over_after_a_fault(folder: RunFolder) -> None:
    answers = [EndpointUnavailable("no answer"), True, False, True, True]
    execution = executed(folder, plan(Step("gate", "Gate", (gate(answers),))), ScriptedBackend())
    assert execution.steps[0].state is StepState.PASSED
    assert "5 probes, opened" in (folder.path / execution.steps[0].evidence[0]).read_text()


def test_a_gate_that_stays_shut_fails_its_step_with_what_it_last_saw(folder: RunFolder) -> None:
    shut = plan(step("one"), Step("gate", "Gate", (gate([None], deadline_s=0.1),)))
    with pytest.raises(RolledBack, match="healthy"):
        executed(folder, shut, ScriptedBackend())
    found = next(event for event in journal.read(folder) if event["event"] == "findings")
    assert found["findings"][0]["verdict"] == "inconclusive"


def test_a_gate_without_findings_never_opens(folder: RunFolder) -> None:
    blind = Gate("blind", (), lambda: (), success_threshold=1, interval_s=0.01, deadline_s=0.05)
    with pytest.raises(StepFailed):
        executed(folder, plan(Step("gate", "Gate", (blind,))), ScriptedBackend())
