"""What the tests of each scope took, against what they may take: printed at the end.

Seconds fail a run only where it is asked for, on a machine that does nothing else: next to other work the same good
tests took 1.54 times their budget, while the probe said that the machine was hardly slower.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from statistics import median
from typing import Any

import pytest

from tests.scopes import SCOPES, scope_of

FACTOR = "RUNBOOK_TEST_BUDGET_FACTOR"  # set it to hold the budgets, that many times as large: then half as much again fails
TOLERANCE = 1.5
# the probe's median next to all workers on the machine whose figures the budgets are; it is taken every PAUSE_S
PROBE_S = 0.04
PAUSE_S = 20.0
# time in which a test waited for what another makes; a test's user property
WAITED = "waited_s"


class Budget:
    """Adds up the seconds of each scope in the process that prints the summary, and measures how slow the machine is."""

    def __init__(self, given: float | None = None) -> None:
        self.took_s: dict[str, float] = defaultdict(float)
        self._given = given
        self._probes: list[float] = []
        self._over = threading.Event()

    @property
    def held(self) -> bool:
        """Whether too much time is a failure: a factor was given."""
        return bool(self._given)

    @property
    def factor(self) -> float:
        """How many times as long as on the budgets' own machine tests may take; never less than 1, unless given."""
        return self._given or max(1.0, median(self._probes or [0.0]) / PROBE_S)

    def pytest_sessionstart(self) -> None:
        """Measure until the end: what a busy machine has left for the tests changes from minute to minute."""
        if not self._given:
            threading.Thread(target=self._measure, daemon=True).start()

    def _measure(self) -> None:
        while not self._over.is_set():
            self._probes.append(_probe())
            self._over.wait(PAUSE_S)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Setup, call and teardown of a test belong to its scope."""
        waited_s = sum(float(str(value)) for name, value in report.user_properties if name == WAITED)
        self.took_s[scope_of(report.nodeid).folder] += report.duration - (waited_s if report.when == "setup" else 0)

    def over(self) -> list[str]:
        """The scopes that took too long."""
        return [folder for folder, took_s in self.took_s.items()
                if took_s > SCOPES[folder].budget_s * TOLERANCE * self.factor]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Tests that passed and took too long are a failure where the budgets are held."""
        self._over.set()
        if self.held and exitstatus == pytest.ExitCode.OK and self.over():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """A line a scope."""
        terminalreporter.section(f"seconds by scope (this machine: budget × {self.factor:.2f})")
        for folder, scope in SCOPES.items():
            if folder in self.took_s:
                allowed_s = scope.budget_s * self.factor
                mark = "  TOO LONG" if folder in self.over() else ""
                terminalreporter.write_line(f"{folder:22} {self.took_s[folder]:7.1f} of {allowed_s:6.0f}{mark}")
        if self.over():
            terminalreporter.write_line(f"More than {TOLERANCE} times its budget: make the scope faster, or raise the "
                                        f"budget in tests/scopes.py. {FACTOR}=1 makes it a failure.")


def given_factor() -> float | None:
    """What the environment says; None: measure it."""
    given = os.environ.get(FACTOR)
    return float(given) if given else None


def _probe() -> float:
    began = time.monotonic()
    text = ""
    for number in range(270_000):
        text = str(number * 7 % 1013)
    assert text
    return time.monotonic() - began
