"""The one owner of an execution's state: records, watch, what was undone, and when users were served again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from runbook_lib.core.errors import LockHeld
from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.plan import StepState
from runbook_lib.execution.backend import ActionResult
from runbook_lib.execution.monitor import WatchOutcome
from runbook_lib.execution.state import ExecutionState
from runbook_lib.execution.undo import UndoneStep
from tests.unit.execution_doubles import FAILED, PASSED, plan, probe, step

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CLEAN, FAULTY = finding("up", True), finding("up", False)


@pytest.fixture
def state() -> ExecutionState:
    return ExecutionState(plan())


def undone(position: int, key: str, step_state: StepState = StepState.ROLLED_BACK) -> UndoneStep:
    return UndoneStep(position, key, key.title(), step_state, NOW)


def test_before_anything_ran_every_step_is_not_run(state: ExecutionState) -> None:
    assert [record.state for record in state.records] == [StepState.NOT_RUN] * 3


def test_a_finished_step_has_its_state_its_message_and_its_time(state: ExecutionState) -> None:
    record = state.finish_step(0, replace(FAILED, evidence=("evidence/one.txt",)), 1.23456)
    assert (record.state, record.seconds, record.exit_code) == (StepState.FAILED, 1.235, 3)
    assert (record.message, record.evidence) == ("exit code 3: no space left", ("evidence/one.txt",))
    assert state.passed_at == {}
    state.finish_step(1, PASSED, 0.1)
    assert set(state.passed_at) == {"two"}


def test_what_several_watches_leave_open_is_kept_and_the_last_watch_counts(state: ExecutionState) -> None:
    first, second = WatchOutcome("first", (), ()), WatchOutcome("second", (), ())
    open_finding = Finding("rate", Verdict.INCONCLUSIVE)
    state.finish_step(0, replace(PASSED, watched=first, unresolved=(open_finding,)), 0)
    state.finish_step(1, replace(PASSED, watched=second, unresolved=(open_finding,)), 0)
    state.finish_step(2, PASSED, 0)
    assert state.watched is second
    assert state.execution().findings == (open_finding, open_finding)


def test_a_lost_lock_is_remembered(state: ExecutionState) -> None:
    lost = LockHeld("Ben has it")
    state.finish_step(0, ActionResult(StepState.ABORTED, error=lost), 0)
    assert state.lock_lost is lost


def test_undoing_changes_the_record_of_its_step(state: ExecutionState) -> None:
    state.finish_step(0, PASSED, 0)
    state.finish_step(1, FAILED, 0)
    state.add_undone(undone(1, "two", StepState.ROLLBACK_FAILED))
    assert [record.state for record in state.records] == [StepState.PASSED, StepState.ROLLBACK_FAILED, StepState.NOT_RUN]
    assert state.undone_at == {"two": NOW}
    assert state.left_as_is(1) == ("One",)


def test_a_step_without_an_undo_is_not_left_behind() -> None:
    state = ExecutionState(plan(step("one", undo=False), step("two"), step("three")))
    state.add_undone(undone(2, "three"))
    assert state.left_as_is(2) == ("Two",)


def test_only_a_passed_step_before_makes_an_execution_irreversible() -> None:
    state = ExecutionState(replace(plan(), point_of_no_return="two"))
    assert not state.is_irreversible(1)
    state.finish_step(1, FAILED, 0)
    assert not state.is_irreversible(2)
    state.finish_step(1, PASSED, 0)
    assert state.is_irreversible(2)
    assert not state.is_irreversible(1), "the step itself is undone when it fails"


def test_service_is_restored_by_the_undo_of_the_step_that_was_watched(state: ExecutionState) -> None:
    assert not state.restores_service(undone(0, "one"))
    state.finish_step(1, replace(PASSED, watched=WatchOutcome("watch", (), (), since="one")), 0)
    assert state.restores_service(undone(0, "one"))
    assert not state.restores_service(undone(1, "two"))
    assert not state.restores_service(undone(0, "one", StepState.ROLLBACK_FAILED))


@pytest.mark.parametrize(("probes", "first_clean"), [
    ([], None),
    ([(CLEAN,)], 1),
    ([(FAULTY,), (CLEAN,), (CLEAN,)], 2),
    ([(CLEAN,), (FAULTY,), (CLEAN,)], 3),
    ([(CLEAN,), (CLEAN, FAULTY)], None),
    ([(CLEAN,), ()], None),
])
def test_recovery_begins_with_the_first_of_the_clean_probes_at_the_end(
    state: ExecutionState, probes: list[Any], first_clean: int | None
) -> None:
    made = [probe(*findings, number=number) for number, findings in enumerate(probes, start=1)]
    state.add_check(made)
    assert state.recovered_at == (None if first_clean is None else made[first_clean - 1].at)


def test_clean_probes_before_the_link_was_lost_are_no_recovery(state: ExecutionState) -> None:
    state.add_check([probe(CLEAN)])
    state.add_check((), ActionResult(StepState.UNKNOWN, message="gone"))
    assert state.recovered_at is None
