"""What the tests of each scope took, against what they may take: printed at the end, and a failure from half as much more."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from typing import Any

import pytest

from tests.scopes import SCOPES, scope_of

FACTOR = "RUNBOOK_TEST_BUDGET_FACTOR"  # set it to allow that many times the budgets; 0 never fails
TOLERANCE = 1.5
# what `_probe` takes on the machine whose figures the budgets are
PROBE_S = 0.28
# time in which a test waited for what another makes; a test's user property
WAITED = "waited_s"


class Budget:
    """Adds up the seconds of each scope in the process that prints the summary."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self.took_s: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        waited_s = sum(float(str(value)) for name, value in report.user_properties if name == WAITED)
        self.took_s[scope_of(report.nodeid).folder] += report.duration - (waited_s if report.when == "setup" else 0)

    def over(self) -> list[str]:
        """The scopes that took too long."""
        return [folder for folder, took_s in self.took_s.items()
                if self.factor and took_s > SCOPES[folder].budget_s * TOLERANCE * self.factor]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus == pytest.ExitCode.OK and self.over():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section(f"seconds by scope (this machine: budget × {self.factor:.2f})")
        for folder, scope in SCOPES.items():
            if folder in self.took_s:
                allowed_s = scope.budget_s * self.factor
                mark = "  TOO LONG" if folder in self.over() else ""
                terminalreporter.write_line(f"{folder:22} {self.took_s[folder]:7.1f} of {allowed_s:6.0f}{mark}")
        if self.over():
            terminalreporter.write_line(f"A scope above {TOLERANCE} times its budget fails the run. Make it faster, "
                                        f"or raise the budget in tests/scopes.py; {FACTOR}=0 ignores it once.")


def measured_factor() -> float:
    """How many times as long as the budgets' own machine this one takes now; never less than 1."""
    given = os.environ.get(FACTOR)
    return float(given) if given else max(1.0, _probe() / PROBE_S)


def _probe() -> float:
    began = time.monotonic()
    text = ""
    for number in range(3_000_000):
        text = str(number * 7 % 1013)
    assert text
    return time.monotonic() - began
