"""What a watch saw: its faults as a table, and the window it covers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.watch_result import MOST_ROWS, Probe, WatchResult

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FAULT, MISSING = Finding("page", Verdict.FAILED, "500"), Finding("page", Verdict.INCONCLUSIVE, "no reply")


def result(*faults: tuple[Finding, ...]) -> WatchResult:
    return WatchResult(tuple(Probe(NOON, one) for one in faults), NOON, 7200.0)


def test_a_probe_without_an_answer_is_neither_good_nor_bad() -> None:
    assert Probe(NOON, (FAULT, MISSING)).unanswered
    assert not Probe(NOON, (FAULT,)).unanswered
    assert not Probe(NOON, ()).unanswered


def test_a_watch_without_a_fault_says_so_in_one_line() -> None:
    assert result((), ()).table == ({"probes": "2", "seconds": "7200", "faults": "none"},)


def test_faults_stand_with_their_time_and_only_the_first_ones() -> None:
    assert result((), (FAULT,)).table == ({"at": "12:00:00 UTC", "fault": "page", "measured": "500"},)
    assert len(result(*[(FAULT,)] * 40).table) == MOST_ROWS


def test_the_window_of_a_watch_is_its_last_hour_at_most() -> None:
    watched = result(())
    assert watched.ended_at == NOON + timedelta(hours=2)
    assert watched.window_start(NOON) == NOON + timedelta(hours=1)
    assert watched.window_start(NOON + timedelta(minutes=90)) == NOON + timedelta(minutes=90)
