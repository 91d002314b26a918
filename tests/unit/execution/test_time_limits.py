"""How long stopping may take follows from the plan, and covers each undo at its own limit."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.commands import Command
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, Step
from runbook_lib.execution.time_limits import BETWEEN_S, JOB_S, SEAL_S, stop_limit_s
from runbook_lib.execution.undo import BRIEF_CHECK_S, SETTLE_S

DO, SHORT, LONG = Command(("true",), timeout_s=5000), Command(("a",), timeout_s=40), Command(("b",), timeout_s=1000)
GATE = Gate("users are served", (), lambda: (), deadline_s=120)
PLAN = Plan("deploy", "lab", (Step("a", "A", (DO,), undo=(SHORT, LONG)), Step("b", "B", (DO,), undo=(SHORT,))), undo_on_failure=True)


def test_every_undo_counts_at_its_own_limit() -> None:
    assert stop_limit_s(PLAN) == JOB_S + 40 + 1000 + 40 + 3 * BETWEEN_S + SEAL_S


def test_files_that_are_put_back_count_too() -> None:
    files = Step("c", "C", (DO,), undo=(SHORT,), undo_files=(LONG,))
    assert stop_limit_s(replace(PLAN, steps=(*PLAN.steps, files))) == stop_limit_s(PLAN) + 40 + 1000 + 2 * BETWEEN_S


def test_the_check_after_the_undo_counts_too() -> None:
    assert stop_limit_s(replace(PLAN, rollback_check=GATE)) == stop_limit_s(PLAN) + BRIEF_CHECK_S + 120


def test_an_engine_that_comes_back_late_is_waited_for_and_the_undo_tried_again() -> None:
    assert stop_limit_s(replace(PLAN, undo_ready=GATE)) == stop_limit_s(PLAN) + 2 * 120 + SETTLE_S + 1000 + BETWEEN_S


def test_a_plan_that_undoes_nothing_needs_only_to_stop_its_job() -> None:
    assert stop_limit_s(replace(PLAN, undo_on_failure=False)) == JOB_S + SEAL_S
