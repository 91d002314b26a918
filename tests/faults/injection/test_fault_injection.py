"""A few of the interruptions of `make soak`: kills and an engine restart at the most critical steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.resilience.interruptions import DEPLOY, ENGINE, KILL, RESTORE, FaultInjection, RunbookUnderTest, inject_at_step
from lab.resilience.server_under_test import ServerUnderTest
from tests.lab_server import Lab

pytestmark = [pytest.mark.slow]


def test_the_watchdog_ends_the_maintenance_mode_that_a_killed_restore_left_on(lab: Lab, tmp_path: Path) -> None:
    server = ServerUnderTest(lab.instance, tmp_path)
    RESTORE.prepare(server, frozenset())
    case, interrupted = inject_at_step(server, RESTORE, KILL, lambda steps: "restore-swap")
    assert interrupted == "restore-swap"
    assert case.passed, case.measured


@pytest.mark.parametrize(("runbook", "fault", "step"), [
    (DEPLOY, KILL, "switch"),
    (DEPLOY, ENGINE, "gate-internal"),  # returning to the first release
], ids=("kill-at-switch", "engine-at-gate"))
def test_the_journal_of_an_interrupted_run_is_correct_and_running_again_finishes(
    lab: Lab, tmp_path: Path, runbook: RunbookUnderTest, fault: FaultInjection, step: str
) -> None:
    case, interrupted = inject_at_step(ServerUnderTest(lab.instance, tmp_path), runbook, fault,
                                       lambda steps: step if step in steps else "")
    assert interrupted == step
    assert case.passed, case.measured
