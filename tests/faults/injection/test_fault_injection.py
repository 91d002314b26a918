"""Two of the interruptions of `make soak`, at the most critical steps; kills of a deployment are in ../interruptions."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.resilience.interruptions import DEPLOY, ENGINE, KILL, RESTORE, inject_at_step
from lab.resilience.server_under_test import ServerUnderTest
from tests.lab_server import Lab

pytestmark = [pytest.mark.slow]


def test_the_watchdog_ends_the_maintenance_mode_that_a_killed_restore_left_on(lab: Lab, tmp_path: Path) -> None:
    server = ServerUnderTest(lab.instance, tmp_path)
    RESTORE.prepare(server, frozenset())
    case, interrupted = inject_at_step(server, RESTORE, KILL, lambda steps: "restore-swap")
    assert interrupted == "restore-swap"
    assert case.passed, case.measured


def test_the_journal_is_correct_after_an_engine_restart_at_the_gate_and_running_again_finishes(lab: Lab, tmp_path: Path) -> None:
    server = ServerUnderTest(lab.instance, tmp_path)  # it returns to the first release
    case, interrupted = inject_at_step(server, DEPLOY, ENGINE, lambda steps: "gate-internal" if "gate-internal" in steps else "")
    assert interrupted == "gate-internal"
    assert case.passed, case.measured
