"""Plans: frozen, and pinned by a hash over everything they would do."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Plan, SkippedStep, Step
from tests.unit.execution_doubles import gate

STEP = Step("touch", "Touch it", (Command(("touch", "/x")),), (Command(("rm", "/x")),))
PLAN = Plan("try", "lab", (STEP,), facts={"commit": "4f2c1d"})


def test_the_hash_is_16_hex_digits_and_the_same_in_another_process() -> None:
    program = ("from tests.unit.core.test_plan import PLAN; print(PLAN.hash)")
    other = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, check=True).stdout.strip()
    assert PLAN.hash == other
    assert len(PLAN.hash) == 16 and int(PLAN.hash, 16) >= 0


@pytest.mark.parametrize("changed", [
    replace(PLAN, target="staging"), replace(PLAN, facts={"commit": "other"}), replace(PLAN, steps=()),
    replace(PLAN, point_of_no_return="touch"), replace(PLAN, reason="because"),
    replace(PLAN, undo_on_failure=True), replace(PLAN, rules="another environment"),
    replace(PLAN, recheck=gate([True])), replace(PLAN, undo_ready=gate([True])), replace(PLAN, rollback_check=gate([True])),
    replace(PLAN, steps=(replace(STEP, undo_best_effort=True),)),
    replace(PLAN, steps=(replace(STEP, undo=()),)), replace(PLAN, steps=(replace(STEP, actions=(Command(("id",)),)),)),
])
def test_whatever_would_be_done_otherwise_is_another_plan(changed: Plan) -> None:
    assert changed.hash != PLAN.hash


@pytest.mark.parametrize("same", [
    replace(PLAN, steps=(replace(STEP, title="Touch"),)), replace(PLAN, steps=(replace(STEP, why="needed"),)),
    replace(PLAN, skipped=(SkippedStep("Build", "is built"),)),
    replace(PLAN, after_rollback_hint="Fix it."),
])
def test_words_alone_make_no_other_plan(same: Plan) -> None:
    assert same.hash == PLAN.hash


def test_a_plan_cannot_be_changed_after_it_was_approved() -> None:
    with pytest.raises(FrozenInstanceError):
        PLAN.target = "staging"  # type: ignore[misc]
