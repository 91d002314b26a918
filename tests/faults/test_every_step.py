"""A handful of the strikes of `make proof`: a kill, a cut and a restart of the engine where each hurts most."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.proofs.site import Site
from lab.proofs.stops import BACKUP, CUT, DEPLOY, ENGINE, KILL, Procedure, Strike, strike_once
from tests.lab_server import Lab

pytestmark = [pytest.mark.slow]


@pytest.mark.parametrize(("procedure", "strike", "step"), [
    (DEPLOY, KILL, "switch"),
    (DEPLOY, ENGINE, "gate-inside"),  # the way back to the first release
    (BACKUP, CUT, "backup-check"),
], ids=("kill-at-switch", "engine-at-gate", "cut-at-check"))
def test_a_struck_run_tells_the_truth_and_running_again_finishes(
    lab: Lab, tmp_path: Path, procedure: Procedure, strike: Strike, step: str
) -> None:
    case, struck = strike_once(Site(lab.instance, tmp_path), procedure, strike,
                               lambda steps: step if step in steps else "")
    assert struck == step
    assert case.held, case.measured
