"""An outage that the rollback does not explain is a problem; requests that met the broken release are not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lab.resilience.releases import _unexpected_failures, stopped_at
from lab.resilience.runner import FinishedRun
from lab.traffic import LoadResult

BEGAN = 1_000_000.0
SWITCH = [
    {"event": "step_started", "key": "switch", "at": datetime.fromtimestamp(BEGAN + 10, UTC).isoformat()},
    {"event": "undo_finished", "key": "switch", "at": datetime.fromtimestamp(BEGAN + 20, UTC).isoformat()},
]


class Run(FinishedRun):
    """A run whose journal is given."""

    def __init__(self, *events: dict[str, Any]) -> None:
        super().__init__(5, "", None)
        object.__setattr__(self, "_events", list(events))

    @property
    def events(self) -> list[dict[str, Any]]:
        return self._events  # type: ignore[attr-defined,no-any-return]


def load(*failing_seconds: int) -> LoadResult:
    failed = tuple(1 if second in failing_seconds else 0 for second in range(40))
    return LoadResult(BEGAN, 10.0, 400, sum(failed), 200, 0, 0.01, 0.02, 0.03, 0.0, 0.0, (10,) * 40, failed, {})


@pytest.mark.parametrize("second", [10, 15, 20, 21])
def test_requests_that_met_the_broken_release_are_not_a_problem(second: int) -> None:
    assert _unexpected_failures(Run(*SWITCH), load(second)) == []


@pytest.mark.parametrize("second", [0, 7, 23, 39])
def test_requests_that_failed_before_the_switch_or_after_its_undo_are(second: int) -> None:
    (problem,) = _unexpected_failures(Run(*SWITCH), load(second))
    assert problem.startswith("1 of 400 requests failed")


def test_without_a_switch_that_was_undone_no_request_may_fail() -> None:
    assert _unexpected_failures(Run(SWITCH[0]), load(15))
    assert _unexpected_failures(Run(), load()) == []


def test_a_run_stopped_at_the_first_step_that_ran_and_did_not_pass() -> None:
    states = {"fetch": "passed", "migrate": "skipped", "start": "timed out", "switch": "not run"}
    events = [{"event": "step_finished", "key": key, "state": state} for key, state in states.items()]
    assert stopped_at(Run(*events)) == "start"
    assert stopped_at(Run(*events[:2])) == ""
