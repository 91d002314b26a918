"""Every step of a plan is interrupted once, and what a fault left wrong is a problem of its case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab.errors import LabError
from lab.resilience import interruptions
from lab.resilience.interruptions import ENGINE, KILL, RunbookUnderTest, inject_at_every_step
from lab.resilience.runner import FinishedRun
from lab.resilience.server_under_test import Data
from lab.resilience.suite import Case

RUNBOOK = RunbookUnderTest("20_deploy", lambda server: {})


def plans(*steps: list[str]) -> Callable[..., tuple[Case, str]]:
    """A run for each plan, the last one again and again."""
    waiting = list(steps)

    def inject(server: Any, runbook: Any, fault: Any, choose: Callable[[list[str]], str]) -> tuple[Case, str]:
        step = choose(waiting.pop(0) if len(waiting) > 1 else waiting[0])
        return Case(f"at {step}", True, "", 0.0), step

    return inject


def names(monkeypatch: pytest.MonkeyPatch, inject: Callable[..., tuple[Case, str]]) -> list[str]:
    monkeypatch.setattr(interruptions, "inject_at_step", inject)
    return [case.name for case in inject_at_every_step(None, RUNBOOK, KILL)]  # type: ignore[arg-type]


def test_each_step_is_interrupted_once_in_the_order_of_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(monkeypatch, plans(["fetch", "start", "switch"])) == ["at fetch", "at start", "at switch"]


def test_a_step_that_only_some_plans_have_is_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    found = names(monkeypatch, plans(["fetch"], ["fetch", "migrate"], ["fetch"], ["fetch"]))
    assert found == ["at fetch", "at migrate"]


def test_an_error_of_the_lab_is_one_failed_case(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> tuple[Case, str]:
        raise LabError("the server went away")

    assert names(monkeypatch, breaks) == ["20_deploy: kill -9, after 0 steps"]


class Server:
    """A server after a fault."""

    def __init__(self, *, available: bool = True, free: bool = True, rows: int = 3) -> None:
        self.available, self.free, self.rows = available, free, rows

    def is_available(self) -> bool:
        return self.available

    def lock_is_free(self) -> bool:
        return self.free

    def data(self, since: Data | None = None) -> Data:
        return Data({"users": (3, self.rows, "hash")})


@pytest.mark.parametrize(("server", "output", "word"), [
    (Server(), "", ""),
    (Server(available=False), "", "the service is available"),
    (Server(free=False), "", "the lock is free"),
    (Server(rows=2), "", "users: 3 rows before, 2 now"),
    (Server(), "Traceback (most recent call last)", "a traceback was printed"),
])
def test_what_a_fault_left_wrong_is_a_problem(monkeypatch: pytest.MonkeyPatch, server: Server, output: str,
                                              word: str) -> None:
    def wait(condition: Callable[[], bool], what: str, timeout_s: float) -> None:
        if not condition():
            raise LabError(f"Timed out after {timeout_s:.0f} s waiting for: {what}")

    monkeypatch.setattr(interruptions, "wait_for", wait)
    before = Data({"users": (3, 3, "hash")})
    problems, measured = interruptions._examine(server, RUNBOOK, ENGINE, before, 0.0,  # type: ignore[arg-type]
                                                FinishedRun(4, output, None))
    assert [word in problem for problem in problems] == ([True] if word else [])
    assert ("all 3 rows present" in measured) == (server.rows == 3)
