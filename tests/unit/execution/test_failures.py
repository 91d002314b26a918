"""How an execution ends that did not pass: which error, what it says, and what comes next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from runbook_lib.core.errors import (
    Aborted,
    CommandTimedOut,
    EndpointUnavailable,
    LinkDropped,
    LockHeld,
    RollbackFailed,
    RolledBack,
    StepFailed,
)
from runbook_lib.core.plan import StepState
from runbook_lib.execution.backend import ActionResult
from runbook_lib.execution.failures import (
    READ_EVIDENCE,
    RUN_AGAIN,
    Failure,
    failure_at,
    fault_of_rollback,
    refusal_to_undo,
    rollback_failed,
    rolled_back,
)
from runbook_lib.execution.undo import UndoneStep
from tests.unit.execution_doubles import FAILED, gate, plan

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ONE, TWO = (UndoneStep(place, key, key.title(), StepState.ROLLED_BACK, NOW) for place, key in enumerate(("one", "two")))
BROKEN = replace(TWO, state=StepState.ROLLBACK_FAILED, message="exit code 1")


def failure(result: ActionResult = FAILED, position: int = 1) -> Failure:
    return failure_at(plan(), position, result)


def refusal(result: ActionResult = FAILED, lock_lost: LockHeld | None = None, irreversible: bool = False, **changes: Any) -> Any:
    what = replace(plan(), **changes)
    return refusal_to_undo(what, failure_at(what, 1, result), lock_lost=lock_lost, irreversible=irreversible)


def test_a_failure_names_the_step_its_number_and_its_reason() -> None:
    assert failure().what == "Step 2 of 3, 'Two', failed: exit code 3: no space left"
    assert failure().where == "lab, step two"
    assert failure(ActionResult(StepState.TIMED_OUT)).what == "Step 2 of 3, 'Two', timed out."
    assert failure(ActionResult(StepState.UNKNOWN)).what == "Step 2 of 3, 'Two', has an unknown outcome."


def test_what_comes_next_is_the_checks_own_hint_before_the_errors_advice_before_anything_general() -> None:
    error = EndpointUnavailable("no answer", next_step="Start nginx.")
    assert failure(replace(FAILED, hint="Read the log.", error=error)).next_step == "Read the log."
    assert failure(replace(FAILED, error=error)).next_step == f"Start nginx. {RUN_AGAIN}"
    assert failure().next_step == f"{READ_EVIDENCE} {RUN_AGAIN}"
    timed_out = CommandTimedOut("60 s", next_step="Raise the limit.")
    assert failure(ActionResult(StepState.TIMED_OUT, error=timed_out)).next_step == f"{READ_EVIDENCE} {RUN_AGAIN}"


def test_an_unknown_outcome_is_never_undone_whatever_else_holds() -> None:
    ended = refusal(ActionResult(StepState.UNKNOWN), LockHeld("Ben has it"), irreversible=True)
    assert isinstance(ended, LinkDropped)
    assert "Nothing was undone" in ended.what


def test_a_run_without_its_lock_undoes_nothing_and_sends_to_the_new_holder() -> None:
    ended = refusal(lock_lost=LockHeld("Ben has it", next_step="Speak with Ben."))
    assert isinstance(ended, Aborted)
    assert "no longer holds the lock" in ended.what
    assert ended.next_step == "Speak with Ben."


@pytest.mark.parametrize(("state", "kind"), [(StepState.FAILED, StepFailed), (StepState.ABORTED, Aborted)])
def test_a_plan_without_undo_and_one_past_its_point_of_no_return_end_plainly(state: StepState, kind: type) -> None:
    assert type(refusal(ActionResult(state), undo_on_failure=False)) is kind
    ended = refusal(ActionResult(state), irreversible=True, irreversible_reason="it is recorded", irreversible_hint="Choose.")
    assert type(ended) is kind
    assert "Nothing was undone: it is recorded" in ended.what
    assert ended.next_step == "Choose."


def test_everything_else_is_undone() -> None:
    assert refusal() is None


def test_nothing_to_undo_is_a_plain_failure() -> None:
    ended = rolled_back(plan(), failure(), ())
    assert type(ended) is StepFailed
    assert "No step so far had anything to undo." in str(ended)


def test_a_rollback_counts_the_undone_steps_and_says_whether_it_was_verified() -> None:
    ended = rolled_back(plan(), failure(), (TWO, ONE))
    assert type(ended) is RolledBack
    assert ended.what.endswith("Everything done so far was undone (2 steps).")
    verified = rolled_back(replace(plan(), rollback_check=gate([True])), failure(), (TWO,))
    assert "External verification passed" in str(verified)


def test_after_a_rollback_the_checks_hint_comes_before_the_plans() -> None:
    hinted = replace(plan(), after_rollback_hint="Fix the release.")
    assert rolled_back(hinted, failure(replace(FAILED, hint="Read the log.")), (TWO,)).next_step == "Read the log. Fix the release."
    assert rolled_back(plan(), failure(), (TWO,)).next_step == failure().next_step


def test_who_stopped_a_run_is_not_sent_to_fix_the_release() -> None:
    ended = rolled_back(replace(plan(), after_rollback_hint="Fix the release."), failure(ActionResult(StepState.ABORTED)), (TWO,))
    assert "Fix" not in ended.next_step
    assert "No fault was found" in ended.next_step


def test_a_fault_of_the_rollback_is_the_undo_that_failed_before_the_verification() -> None:
    bad = ActionResult(StepState.FAILED, message="write: 500")
    assert fault_of_rollback((BROKEN,), ("One",), None) == "Undoing 'Two' failed too: exit code 1\nNot undone: One."
    assert "external verification did not pass: write: 500" in fault_of_rollback((TWO, ONE), (), bad)
    assert fault_of_rollback((TWO, ONE), (), ActionResult(StepState.PASSED)) == ""
    assert fault_of_rollback((), (), None) == ""


def test_a_failed_rollback_calls_for_somebody_and_says_where_things_stand() -> None:
    ended = rollback_failed(failure(), (BROKEN, ONE), "Undoing 'Two' failed too: exit code 1", "colour: green")
    assert type(ended) is RollbackFailed
    assert ended.what.startswith("ROLLBACK FAILED: manual intervention required.")
    assert "Undone: One." in ended.what
    assert ended.what.endswith("Now: colour: green.")
    assert "22 Rollback" in ended.next_step
    assert ended.next_step.startswith("Call the on-call engineer, the first contact in 00 Start here. ")
    named = rollback_failed(failure(), (BROKEN,), "x", "", "DevOps Lead (devops@example.com)").next_step
    assert named.startswith("Call the on-call engineer, the first contact in 00 Start here: DevOps Lead (devops@example.com). ")
    assert "Nothing was undone." in str(rollback_failed(failure(), (BROKEN,), "x", ""))
    hint = 'With database = "restore" the data come back, too.'
    assert str(rollback_failed(failure(), (BROKEN,), "x", "", hint=hint).next_step).endswith(f"partial state. {hint}")
