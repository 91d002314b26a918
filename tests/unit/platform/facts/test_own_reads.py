"""Reads of our own, as the traffic that a watch judges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runbook_lib.core.errors import CertificateOutOfDate, EndpointUnavailable
from runbook_lib.core.questions import HttpReply
from runbook_lib.platform.facts.own_reads import OwnReads, Read, own_traffic, read_each_path, traffic_of
from tests.unit.shop_environment import shop

SHOP = shop()
AT = datetime(2026, 11, 27, 23, 0, tzinfo=UTC)


class Application:
    def __init__(self, statuses: dict[str, int | None]) -> None:
        self.statuses, self.http = statuses, self

    def request(self, method: str, path: str, *, headers: Any = None, timeout_s: float = 10) -> HttpReply:
        status = self.statuses.get(path.partition("?")[0], 200)
        if status is None:
            raise EndpointUnavailable("refused")
        return HttpReply(path, status, {}, b"", 0.02)


def test_each_path_is_read_once_and_no_answer_is_a_value() -> None:
    reads = OwnReads(SHOP)
    found = read_each_path(reads).fetch(Application({"/": None}))  # type: ignore[arg-type]
    assert {one.path: one.status for one in found} == {"/api/products?<number>": 200, "/": None, "/api/products": 200}
    assert [one.is_error for one in found].count(True) == 1


def test_why_a_read_was_not_answered_is_kept_and_whether_only_this_machines_clock_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(Application):
        def request(self, method: str, path: str, *, headers: Any = None, timeout_s: float = 10) -> HttpReply:
            raise CertificateOutOfDate("TLS could not be established") if path == "/" else EndpointUnavailable("refused")

    monkeypatch.setattr("runbook_lib.platform.facts.own_reads.clock_problem", lambda connections: "3 h behind")
    found = read_each_path(OwnReads(SHOP)).fetch(Late({}))  # type: ignore[arg-type]
    assert {one.path: (one.error, one.doubt) for one in found} == {
        "/": ("TLS could not be established", "3 h behind"), "/api/products": ("refused", ""),
        "/api/products?<number>": ("refused", "")}


def test_a_watch_gets_all_reads_so_far_each_path_among_them() -> None:
    reads, application = OwnReads(SHOP), Application({"/": 500})
    question = own_traffic(reads)
    question.fetch(application)  # type: ignore[arg-type]
    traffic = question.fetch(application)  # type: ignore[arg-type]
    assert traffic.requests == len(reads.done) >= 2 * len(reads.paths)
    assert traffic.errors >= 2


def test_slow_probes_send_as_many_reads_as_quick_ones() -> None:
    """Under load a watch had too few of them for an error rate, and a good release ended inconclusive."""
    quick, slow = OwnReads(SHOP, clock=iter(range(11)).__next__), OwnReads(SHOP, clock=iter((0, 4, 8, 10)).__next__)
    assert sum(quick.due() for _ in range(11)) == sum(slow.due() for _ in range(4)) == 55
    asleep = OwnReads(SHOP, clock=iter((0, 3600)).__next__)
    assert [asleep.due(), asleep.due()] == [5, 75]


def test_rate_limited_reads_show_nothing_and_unanswered_ones_are_errors() -> None:
    traffic = traffic_of((Read("/", AT, 200, 0.07), Read("/", AT, 429), Read("/", AT, None),
                          Read("/", AT + timedelta(seconds=1), 503, 0.01)))
    assert (traffic.requests, traffic.errors) == (3, 2)
    assert traffic.seconds[0].latency_bins == {1: 1}
    assert traffic_of(()).error_rate_percent is None
