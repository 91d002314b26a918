"""Two operators at the same moment: one runs, the other is shown who. Fifty races are part of `make soak`."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.resilience.interruptions import BACKUP
from lab.resilience.races import race
from lab.resilience.server_under_test import ServerUnderTest
from tests.lab_server import Lab


@pytest.mark.slow
@pytest.mark.parametrize(("offset_s", "second_first"), [(0.0, False), (0.1, True)])
def test_of_two_operators_one_runs_and_the_other_is_shown_who(
    lab: Lab, tmp_path: Path, offset_s: float, second_first: bool
) -> None:
    case = race(ServerUnderTest(lab.instance, tmp_path), BACKUP, offset_s, second_first=second_first)
    assert case.passed, case.measured
