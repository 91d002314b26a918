"""A whole review, from lines to values: percentiles, statuses, clients, requests by their id, templates, what is new."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import CommandTimedOut, FactUnreadable, LinkDropped
from runbook_lib.environment import Environment
from runbook_lib.observability.facts.log_review import last_deployment, review_logs
from runbook_lib.observability.facts.log_window import LogFilePart, LogSize, LogSurvey
from runbook_lib.platform.facts.availability import Unanswered
from tests.unit.observability.log_doubles import (
    COMBINED,
    MESSAGES,
    REQUESTS,
    SINCE,
    SURVEY,
    TEXTS,
    UNTIL,
    at,
    deployed_at,
    message,
    request,
    reviewed,
)
from tests.unit.observability_doubles import staging


def test_percentiles_of_a_route_are_exact_to_the_millisecond() -> None:
    text = b"".join(request(path=f"/a/{number}", seconds=number / 1000) for number in range(1, 101))
    (route,) = reviewed((REQUESTS, text)).routes
    assert (route.route, route.requests, route.errors) == ("/a/<number>", 100, 0)
    assert (route.p50_ms, route.p95_ms, route.p99_ms, route.slowest_ms) == (50, 95, 99, 100)


def test_two_access_logs_are_added_up() -> None:
    line = b'192.0.2.9 - - [27/Nov/2026:02:00:00 +0000] "GET /b HTTP/1.1" 500 5 "-" "curl"\n'
    found = reviewed((REQUESTS, request() * 3), (COMBINED, line * 2))
    assert (found.requests, found.errors, found.timed_requests) == (5, 2, 3)
    assert {one.route: (one.requests, one.p95_ms) for one in found.routes} == {"/": (3, 10), "/b": (2, None)}
    assert {one.client_address: (one.requests, one.errors) for one in found.clients} == {"192.0.2.1": (3, 0), "192.0.2.9": (2, 2)}


def test_what_was_answered_404_makes_one_route_however_many_addresses_a_scanner_tries() -> None:
    text = b"".join(request(path=f"/wp-{number}x/admin", status=404) for number in range(500))
    (route,) = reviewed((REQUESTS, text)).routes
    assert (route.route, route.requests) == ("(answered 404)", 500)


def test_many_routes_and_addresses_are_bounded_and_none_of_their_requests_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook_lib.observability.facts.log_tables.MOST_ROUTES", 3)
    words = [f"/{chr(97 + number // 26)}{chr(103 + number % 20)}" for number in range(400)]
    found = reviewed((REQUESTS, b"".join(request(path=word) for word in words) + request(path="/kept") * 50))
    assert sum(one.requests for one in found.routes) == 450
    assert {"/kept", "(others)"} <= {one.route for one in found.routes}
    assert len(found.routes) == 4


def test_lines_outside_of_the_window_are_counted_apart() -> None:
    found = reviewed((REQUESTS, request(-10) + request(0) + request(1440) + request(1450)))
    assert (found.requests, found.readings[0].lines, found.readings[0].outside) == (2, 2, 2)


def test_times_that_run_backwards_are_each_in_their_own_bin() -> None:
    found = reviewed((REQUESTS, request(1000, status=500) + request(10) + request(500)))
    filled = [(one.at, dict(one.counts)) for one in found.statuses if one.counts]
    assert filled == [(at(0), {2: 1}), (at(480), {2: 1}), (at(984), {5: 1})]
    assert found.statuses[0].at == SINCE
    assert len(found.statuses) == 60


def test_a_slow_request_is_joined_with_what_the_application_logged_under_its_id() -> None:
    requests = request(60, "/slow/7", seconds=3.2, request_id="abc") + request(61, "/b", seconds=0.1, request_id="xyz") \
        + request(62, "/c", status=502, seconds=0.2, request_id="lost") + request(63, "/d", seconds=0.05)
    messages = message(60, "pool exhausted", "WARNING", request_id="abc") + message(60, "GET /slow/7 200", "INFO", request_id="abc", seconds=0.4) \
        + message(60, "another", request_id="other")
    found = reviewed((REQUESTS, requests), (MESSAGES, messages))
    first, second = found.slow[:2]
    assert (first.route, first.seconds, first.application_seconds, first.application) == ("/slow/<number>", 3.2, 0.4, "INFO GET /slow/7 200")
    assert (second.route, second.application_seconds, second.application) == ("/c", None, "")
    assert [one.route for one in found.failed] == ["/c"]
    assert [one.route for one in found.slow] == ["/slow/<number>", "/c", "/b", "/d"]


def test_templates_have_counts_first_and_last_seen_a_trend_and_a_clean_example() -> None:
    text = b"".join(message(minutes, f"job {minutes} of ann@example.com failed: password=hunter2secret") for minutes in (30, 720, 1430)) \
        + message(700, "slow", "warn") + message(600, "fine", "INFO")
    first, second = reviewed((MESSAGES, text)).templates
    assert (first.level, first.count, first.first, first.last) == ("ERROR", 3, at(30), at(1430))
    assert first.template == "job <number> of <e-mail> failed: password=<secret>"
    assert first.example == "job 30 of <e-mail> failed: password=<secret>"
    assert (first.trend, second.trend) == ("█······█······█", "·······█·······")
    assert (second.level, second.template) == ("WARNING", "slow")


def test_new_is_what_was_never_there_before_the_last_deployment() -> None:
    text = message(100, "old 1") + message(200, "fine", "INFO") + message(800, "old 2") + message(801, "fresh 3") + message(802, "worry", "WARNING")
    found = reviewed((MESSAGES, text), deployed=deployed_at(-5000, 700))
    assert [(one.template, one.is_new, one.older) for one in found.templates] == [("fresh <number>", True, 0), ("worry", True, 0), ("old <number>", False, 1)]
    assert (found.deployed_at, found.messages, found.messages_before) == (at(700), 5, 2)
    assert found.deployment == f"the last deployment was v2 on {at(700):%Y-%m-%d} at {at(700):%H:%M} UTC"
    assert found.deployed_version == "v2"


def test_requests_before_and_after_the_deployment_are_counted_apart() -> None:
    text = request(10, status=500) + request(20) * 9 + request(900, status=503) * 2
    found = reviewed((REQUESTS, text), deployed=deployed_at(-5000, 700))
    assert (found.requests, found.errors, found.requests_before, found.errors_before) == (12, 3, 10, 1)


@pytest.mark.parametrize(("minutes", "when", "words"), [
    ((), None, "no deployment is recorded up to then"),
    ((700,), None, "and it is the first one"),
    ((-9000, -10), None, "before this window"),
    ((-9000, 700), at(700), "v2 on"),
    ((-9000, 700, 2000), at(700), "v2 on"),  # one after the window's end is none of it
])
def test_the_last_deployment_is_compared_where_the_window_has_both_sides_of_it(minutes: tuple[float, ...], when: object, words: str) -> None:
    found, shown = last_deployment(deployed_at(*minutes), SINCE, UNTIL)
    assert (found.at if found else None) == when
    assert words in shown


def test_where_no_deployment_is_known_nothing_is_called_new() -> None:
    found = reviewed((MESSAGES, message()))
    assert (found.deployments_known, found.deployed_at, found.templates[0].is_new) == (False, None, False)


def test_logs_without_a_line_and_no_logs_give_an_empty_review() -> None:
    for found in (reviewed((REQUESTS, b""), (MESSAGES, b""), (TEXTS, b"")), reviewed()):
        assert (found.requests, found.statuses, found.routes, found.clients, found.slow, found.templates) == (0, (), (), (), (), ())


# ── from a server ────────────────────────────────────────────────────────────────────────────────────────────────────

def environment() -> Environment:
    return staging(logs={"proxy": {"kind": "access", "format": "json", "path": "/var/log/a"},
                         "app": {"kind": "application", "format": "json", "path": "/var/log/m"}})


def surveyed(**changes: Any) -> LogSurvey:
    known = LogSize("x", "/var/log/a", "ok", (LogFilePart("/var/log/a", 1000),))
    return replace(SURVEY, logs={"proxy": known, "app": known, **changes})


def ask(survey: LogSurvey, proxy: object, app: object, **options: Any) -> tuple[Any, ScriptedConnections]:
    connections = ScriptedConnections(commands={"/var/log/a": proxy, "/var/log/m": app})
    return review_logs(environment(), survey, None, **options).fetch(connections), connections


def test_logs_of_a_server_are_read_and_their_gaps_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found, connections = ask(surveyed(), (gzip.compress(request() * 5), "G /var/log/a.1: no access\nnoise\n"), gzip.compress(message()))
    assert (found.requests, found.messages) == (5, 1)
    assert found.readings[0].gaps == ("/var/log/a.1: no access",)
    assert [" send " in str(one) for one in connections.server.asked] == [True, True]
    assert list(tmp_path.iterdir()) == [], "raw lines stay nowhere"


@pytest.mark.parametrize(("proxy", "problem"), [
    (gzip.compress(request() * 1000)[:200], "the transfer ended early"),
    (b"no gzip at all", "the transfer ended early"),
    (FactUnreadable("it ended with exit code 3"), "exit code 3"),
    (CommandTimedOut("it did not end within 1 s"), "did not end within 1 s"),
    (LinkDropped("the link dropped"), "the link dropped"),
    (bytes(100_000_000), "more than"),
], ids=["cut", "other", "failed", "hangs", "dropped", "too much"])
def test_a_log_that_does_not_come_whole_is_named_and_the_others_are_there(proxy: object, problem: str) -> None:
    found, _ = ask(surveyed(), proxy, gzip.compress(message()))
    assert problem in found.readings[0].problem
    assert (found.messages, found.readings[1].problem) == (1, "")


@pytest.mark.parametrize(("size", "problem"), [
    (LogSize("x", "/var/log/a", "missing"), "there is no such log"), (LogSize("x", "/a", "special"), "a pipe, socket or device"),
    (Unanswered("the log proxy", "no answer within 1 s"), "no answer within 1 s"),
], ids=["missing", "pipe", "hangs"])
def test_a_log_that_is_not_there_is_not_asked_for(size: LogSize | Unanswered, problem: str) -> None:
    found, connections = ask(surveyed(proxy=size), AssertionError(), gzip.compress(message()))
    assert problem in found.readings[0].problem
    assert len(connections.server.asked) == 1


def test_no_time_is_left_for_what_comes_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Callable[[], float] = iter([0.0, 0.0, 400.0, 400.0, 400.0, 400.0]).__next__
    monkeypatch.setattr("runbook_lib.observability.facts.log_review.monotonic", clock)
    found, _ = ask(surveyed(), gzip.compress(request()), AssertionError("asked too late"), deadline_s=300.0)
    assert [one.problem for one in found.readings] == ["it was not read to its end in time", "no time was left for it"]
    assert timedelta(days=1) == found.until - found.since
