"""What a run says of an action that did not pass."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import StepState
from runbook_lib.execution.actions import message_of
from runbook_lib.execution.backend import ActionResult
from runbook_lib.execution.monitor import gate_as_trigger, gate_reading

SQL_ERROR = """Traceback (most recent call last):
sqlalchemy.exc.DBAPIError: LockNotAvailableError: canceling statement due to lock timeout
DETAIL:  of squads
[SQL: UPDATE squads SET name = btrim(name)]
(Background on this error at: https://sqlalche.me/e/20/dbapi)
"""


@pytest.mark.parametrize(("stderr", "expected"), [
    (SQL_ERROR, "canceling statement due to lock timeout"),
    ("no such file\n", "exit code 1: no such file"),
    ("(nothing but a remark)\n", "exit code 1: (nothing but a remark)"),
    ("", "exit code 1"),
])
def test_an_error_is_told_by_the_line_that_says_it_and_not_by_the_links_after_it(stderr: str, expected: str) -> None:
    said = message_of(ActionResult(StepState.FAILED, exit_code=1, stderr=stderr))
    assert said.endswith(expected)
    assert "sqlalche.me" not in said


def test_a_gate_shut_by_a_check_that_is_a_trigger_is_told_as_that_trigger() -> None:
    rate = Finding("API error rate > 10%", Verdict.FAILED, "14 %")
    gate = Gate("seen by its users", (), lambda: (), trigger="Deployment health check failures", triggers=(rate.check,))

    def told(*faults: Finding) -> str:
        outcome = gate_as_trigger(gate, [(datetime(2026, 11, 22, tzinfo=UTC), gate_reading(gate, [], faults))])
        assert outcome.fired is not None
        return outcome.fired.trigger

    ill = Finding("/health answers", Verdict.FAILED, "503")
    assert told(ill, rate) == "API error rate > 10%"
    assert told(ill) == "Deployment health check failures"
