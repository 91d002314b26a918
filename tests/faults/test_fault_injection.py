"""A handful of the strikes of `make soak`: kills and a restart of the engine where they hurt most."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.resilience.interruptions import DEPLOY, ENGINE, KILL, RESTORE, Procedure, Strike, strike_once
from lab.resilience.server_under_test import Site
from tests.lab_server import Lab

pytestmark = [pytest.mark.slow]


def test_the_door_that_a_killed_restore_left_closed_is_opened_by_its_keeper(lab: Lab, tmp_path: Path) -> None:
    site = Site(lab.instance, tmp_path)
    RESTORE.prepare(site, frozenset())
    case, struck = strike_once(site, RESTORE, KILL, lambda steps: "restore-swap")
    assert struck == "restore-swap"
    assert case.held, case.measured


@pytest.mark.parametrize(("procedure", "strike", "step"), [
    (DEPLOY, KILL, "switch"),
    (DEPLOY, ENGINE, "gate-inside"),  # the way back to the first release
], ids=("kill-at-switch", "engine-at-gate"))
def test_a_struck_run_tells_the_truth_and_running_again_finishes(
    lab: Lab, tmp_path: Path, procedure: Procedure, strike: Strike, step: str
) -> None:
    case, struck = strike_once(Site(lab.instance, tmp_path), procedure, strike,
                               lambda steps: step if step in steps else "")
    assert struck == step
    assert case.held, case.measured
