"""A handful of the strikes of `make soak`: kills and a restart of the engine where they hurt most."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.resilience.interruptions import DEPLOY, ENGINE, KILL, RESTORE, FaultInjection, RunbookUnderTest, inject_at_step
from lab.resilience.server_under_test import ServerUnderTest
from tests.lab_server import Lab

pytestmark = [pytest.mark.slow]


def test_the_door_that_a_killed_restore_left_closed_is_opened_by_its_keeper(lab: Lab, tmp_path: Path) -> None:
    server = ServerUnderTest(lab.instance, tmp_path)
    RESTORE.prepare(server, frozenset())
    case, struck = inject_at_step(server, RESTORE, KILL, lambda steps: "restore-swap")
    assert struck == "restore-swap"
    assert case.passed, case.measured


@pytest.mark.parametrize(("runbook", "fault", "step"), [
    (DEPLOY, KILL, "switch"),
    (DEPLOY, ENGINE, "gate-internal"),  # the way back to the first release
], ids=("kill-at-switch", "engine-at-gate"))
def test_a_struck_run_tells_the_truth_and_running_again_finishes(
    lab: Lab, tmp_path: Path, runbook: RunbookUnderTest, fault: FaultInjection, step: str
) -> None:
    case, struck = inject_at_step(ServerUnderTest(lab.instance, tmp_path), runbook, fault,
                               lambda steps: step if step in steps else "")
    assert struck == step
    assert case.passed, case.measured
