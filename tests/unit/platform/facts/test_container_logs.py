"""Severe lines of containers, as container_logs.sh hands them over."""

from __future__ import annotations

from datetime import UTC, datetime

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.container_logs import logging_services, parse_container_lines
from runbook_lib.platform.facts.logs import errors_since
from tests.unit.shop_environment import shop

SINCE = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)
REPLY = [
    "F web",
    "L 2026-11-27T20:00:03.123456789Z [2026-11-27 20:00:03 +0000] [7] [ERROR] Exception in worker process",
    'L 2026-11-27T20:00:04Z 10.0.0.1 - - [27/Nov/2026:20:00:04 +0000] "GET /?q=ERROR HTTP/1.1" 200 5 "-" "curl"',
    "F worker",
    "L 2026-11-27T20:00:01.000000001Z Traceback (most recent call last):",
    'L 2026-11-27T20:00:02Z {"level": "error", "message": "no report", "request_id": "r1"}',
    'L 2026-11-27T20:00:02Z {"level": "info", "message": "no error"}',
]


def test_severe_lines_come_in_the_order_of_their_times_each_from_its_service() -> None:
    lines, services, gaps, _ = parse_container_lines(REPLY)
    assert [(one.source, one.level, one.request_id) for one in lines] == [
        ("worker", "ERROR", ""), ("worker", "ERROR", "r1"), ("web", "ERROR", "")]
    assert (services, gaps) == (("web", "worker"), "")
    assert lines[0].at == datetime(2026, 11, 27, 20, 0, 1, tzinfo=UTC)


def test_a_request_for_an_error_is_none_and_neither_is_a_line_that_only_has_the_word() -> None:
    assert parse_container_lines(["F web", REPLY[2], "L 2026-11-27T20:00:04Z INFO 0 errors"])[0] == ()


def test_a_line_that_nothing_dates_is_shown_without_a_time() -> None:
    lines, *_ = parse_container_lines(["F web", "L soon ERROR no such table", *REPLY[3:5]])
    assert [one.at is None for one in lines] == [True, False]


def test_what_is_missing_is_said_and_makes_the_answer_incomplete() -> None:
    found = errors_since(shop(), SINCE).fetch(
        ScriptedConnections(commands={"shop 1795809600": "F web\nG web was made anew: its lines are gone\n"}))
    assert found is not None
    assert (found.lines, found.incomplete) == ((), "web was made anew: its lines are gone")


def test_logs_in_files_are_read_as_files() -> None:
    assert logging_services(load_environment("staging")) == ()
    assert logging_services(shop()) == ("web", "worker")
    assert errors_since(shop(), SINCE).name == "errors in the logs of web, worker"


def test_the_moment_when_lines_that_are_gone_no_longer_matter_is_known_where_all_gaps_have_one() -> None:
    both = ["G web was made anew", "K 1795809600", "G worker was made anew", "K 1795809605"]
    assert parse_container_lines(both)[2:] == ("web was made anew; worker was made anew", datetime(2026, 11, 27, 20, 0, 5, tzinfo=UTC))
    assert parse_container_lines([*both, "G there is no container of cron"])[3] is None
    assert parse_container_lines(REPLY)[3] is None


def test_what_is_true_of_both_containers_of_a_service_is_said_once() -> None:
    assert parse_container_lines(["G web was made anew", "K 1795809600"] * 2)[2:] == (
        "web was made anew", datetime(2026, 11, 27, 20, 0, tzinfo=UTC))
