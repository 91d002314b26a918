"""A release whose worker fails every job is healthy: what it logged is a warning that names the last error."""

from __future__ import annotations

from datetime import UTC, datetime

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.findings import Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.execution.gate import probe_once
from runbook_lib.platform.facts.log_lines import LogLine
from runbook_lib.release.plans.release_logs import LOGGED, errors_logged, judge_logged
from runbook_lib.release.plans.replace_gates import measured_of, watch_replaced
from runbook_lib.release.plans.verification_steps import watch_release
from tests.unit.release.plans.test_replace_gates import change

AT = datetime(2026, 11, 28, 10, 47, tzinfo=UTC)
LINES = (LogLine(AT, "ERROR", "connection reset", source="web"),
         *[LogLine(AT, "ERROR", 'job failed: column "opn" does not exist', source="cron")] * 7)


def test_they_are_a_warning_with_their_service_and_the_last_of_them() -> None:
    found, = judge_logged(LINES)
    assert (found.check, found.verdict) == (LOGGED, Verdict.WARNING)
    assert found.measured == '8 lines (cron 7, web 1); the last: job failed: column "opn" does not exist'
    assert "22 Rollback" in found.next_step
    assert judge_logged(())[0].verdict is Verdict.PASSED


def test_both_strategies_ask_after_their_watch() -> None:
    made = change()
    for step in (watch_replaced(made, measured_of(made)), watch_release(made.rollout)):
        last = step.actions[-1]
        assert isinstance(last, Gate)
        assert last.name == LOGGED


def test_a_log_that_cannot_be_read_is_inconclusive_and_never_a_pass() -> None:
    def ask(_: object) -> object:
        raise FactUnreadable("no log")

    found, = probe_once(errors_logged(change().rollout), ask)
    assert found.verdict is Verdict.INCONCLUSIVE
