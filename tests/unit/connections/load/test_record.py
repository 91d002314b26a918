"""The counters of a load stay small, and add up."""

from __future__ import annotations

import json

from runbook_lib.connections.load.record import WINDOW_S, Record, Stage


def test_a_million_requests_are_a_few_kilobytes() -> None:
    record, stage = Record(), Stage(10.0, 0.0)
    record.stages.append(stage)
    for number in range(100_000):
        record.add(number % 60, stage, "read", 0.001 * (number % 997), 200, 200, "")
    assert stage.counts.requests == 100_000
    assert len(json.dumps([stage.to_json(), record.rows(range(60))])) < 60_000


def test_a_request_counts_in_its_second_its_stage_and_its_step() -> None:
    record, stage = Record(), Stage(10.0, 0.0)
    record.add(1.9, stage, "read", 0.1, 200, 200, "read: status 200")
    record.add(2.1, stage, "read", 0.1, 500, 200, "read: status 500")
    record.add(2.2, stage, "write", 5.0, None, 201, "write: no reply in time")
    record.add(2.3, stage, "write", 0.1, 429, 201, "write: status 429")
    record.add(2.4, stage, "read", 3.0, None, 200, "no connection was free", sent=False)
    assert [(row["requests"], row["errors"], row["limited"]) for row in record.rows(range(4))] == [
        (0, 0, 0), (1, 0, 0), (4, 3, 1), (0, 0, 0)]
    assert (stage.counts.requests, stage.counts.replies, stage.counts.errors, stage.counts.unsent) == (5, 3, 3, 1)
    assert stage.steps["write"].requests == 2
    assert "read: status 200" not in stage.reasons


def test_a_reply_that_lacks_something_is_an_error_and_no_further_request() -> None:
    record, stage = Record(), Stage(10.0, 0.0)
    record.add(1.0, stage, "log in", 0.1, 200, 200, "")
    record.lacking(1.0, stage, "log in")
    assert (stage.counts.requests, stage.counts.errors, stage.steps["log in"].errors) == (1, 1, 1)
    assert (record.recent(1.0).errors, stage.reasons) == (1, {"log in: the reply lacks what is to be kept": 1})


def test_only_the_last_seconds_are_recent() -> None:
    record, stage = Record(), Stage(10.0, 0.0)
    record.add(1.0, stage, "read", 0.1, 500, 200, "read: status 500")
    record.add(20.0, stage, "read", 0.1, 200, 200, "")
    assert (record.recent(20.5).requests, record.recent(20.5).errors) == (1, 0)
    assert record.recent(1.0 + WINDOW_S).errors == 1


def test_of_a_slow_load_the_last_requests_are_recent_however_long_ago_they_were() -> None:
    record, stage = Record(), Stage(0.08, 0.0)
    for second in range(0, 200, 2):
        record.add(second, stage, "read", 0.1, 500 if second >= 150 else 200, 200, "read: status 500")
    few = record.recent(198.0, 50)
    assert (few.requests, few.errors) == (50, 25)
    assert record.recent(198.0).requests == 6
    assert record.recent(198.0, 1000).requests == 100


def test_requests_that_the_rate_limit_refused_are_none_of_those_that_are_judged() -> None:
    record, stage = Record(), Stage(0.08, 0.0)
    for second in range(0, 200, 2):
        record.add(second, stage, "read", 0.1, 429 if second % 4 else 500, 200, "read: status 500")
    few = record.recent(198.0, 20)
    assert few.requests - few.limited == 20


def test_reasons_are_bounded() -> None:
    record, stage = Record(), Stage(10.0, 0.0)
    for number in range(500):
        record.add(1.0, stage, "read", 0.1, 500, 200, f"reason {number}")
    assert len(stage.reasons) == 20
