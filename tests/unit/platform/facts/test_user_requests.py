"""Users' requests from real lines of four formats, by the very program that runs on the server."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.findings import Verdict
from runbook_lib.environment.traffic import AGENT
from runbook_lib.platform.facts.own_reads import OwnReads, Read
from runbook_lib.platform.facts.traffic import MARKER_PROGRAM, SecondBucket, Traffic
from runbook_lib.platform.facts.user_requests import (
    AccessLog,
    UserRequests,
    all_traffic,
    begin_counting,
    joined,
    users_since_switch,
    users_so_far,
)
from runbook_lib.release.checks.watch_conclusion import users_were_counted
from tests.unit.log_rotation import ROTATIONS, LocalServer, rotate_twice
from tests.unit.shop_environment import shop

AT = datetime(2026, 11, 28, 10, 0, 4, tzinfo=UTC)


def common(path: str, status: int, agent: str, seconds: str = "0.010") -> str:  # with the time at the end, as some configure it
    return f"{without_a_time(path, status, agent)} {seconds}"


def traefik_common(path: str, status: int, agent: str, seconds: str = "0.010") -> str:
    return f'{without_a_time(path, status, agent)} 7 "web@docker" "http://10.0.0.2:80" {round(float(seconds) * 1000)}ms'


def without_a_time(path: str, status: int, agent: str, seconds: str = "") -> str:
    return f'10.0.0.9 - ann [28/Nov/2026:12:00:04 +0200] "GET {path} HTTP/1.1" {status} 12 "-" "{agent}"'


def caddy(path: str, status: int, agent: str, seconds: str = "0.01") -> str:
    request = {"remote_ip": "10.0.0.9", "method": "GET", "uri": path, "headers": {"User-Agent": [agent]}}
    return json.dumps({"level": "info", "ts": AT.timestamp() + 0.25, "logger": "http.log.access", "request": request,
                       "duration": float(seconds), "size": 12, "status": status})


def traefik(path: str, status: int, agent: str, seconds: str = "0.01") -> str:  # which keeps no header unless it is asked to
    return json.dumps({"ClientHost": "10.0.0.9", "DownstreamStatus": status, "Duration": int(float(seconds) * 1e9), "RequestPath": path,
                       "StartUTC": "2026-11-28T10:00:04.123456789Z", "level": "info", "msg": "", "time": "2026-11-28T10:00:05Z"})


def own_json(path: str, status: int, agent: str, seconds: str = "0.01", at: str = "2026-11-28T10:00:04+00:00") -> str:
    return json.dumps({"@timestamp": at, "code": status, "uri": path, "took": float(seconds), "user_agent": agent})


FORMATS: dict[str, tuple[Any, dict[str, Any], bool]] = {
    "combined": (common, {}, True),
    "combined without a time": (without_a_time, {}, True),
    "traefik": (traefik, {}, False),
    "traefik in its common format": (traefik_common, {}, True),
    "caddy": (caddy, {}, True),
    "json": (own_json, {"fields": {"seconds": "took", "path": "uri"}}, True),
}


def log_of(folder: Path, **log: Any) -> tuple[AccessLog, Any]:
    given = {"kind": "access", "format": "combined", "path": str(folder / "access.log")} | log
    environment = shop(logs={"proxy": given}, traffic={"api": "/", "reads": ["/api/products"], "slow_by_intent": ["/login"]})
    return AccessLog(environment), SimpleNamespace(server=LocalServer())


@pytest.mark.parametrize("name", FORMATS)
def test_what_users_sent_since_the_mark_is_counted_in_each_format(tmp_path: Path, name: str) -> None:
    line, more, agents = FORMATS[name]
    log, connections = log_of(tmp_path, **{"format": name.split()[0]} | more)
    file = tmp_path / "access.log"
    file.write_text(line("/orders", 500, "before") + "\n")
    assert begin_counting(log).fetch(connections).problem == ""
    ours = line("/api/products?3", 500, AGENT)
    with file.open("a") as opened:
        opened.write("\n".join((line("/orders?a=b", 200, "browser"), line("/orders", 503, "browser"), line("/login", 200, "browser", "2.5"),
                                line("/status/", 200, "monitor"), line("/orders", 429, "browser"), "no line of a log", "{", "", ours)) + "\n")
    seen = log.read(connections)
    traffic = seen.traffic
    assert traffic is not None and seen.problem == "" and seen.agents == agents
    assert (traffic.requests, traffic.errors) == (3 if agents else 4, 1 if agents else 2), name
    assert [one.at for one in traffic.seconds] == [AT]
    timed = "without" not in name
    assert sum(traffic.seconds[0].latency_bins.values()) == ((2 if agents else 3) if timed else 0)
    assert traffic.p95_s == (pytest.approx(0.025) if timed else None)
    assert users_so_far(log).fetch(connections) == seen


@pytest.mark.parametrize("at", ["28/Nov/2026:12:00:04 +0200", "2026-11-28 10:00:04,123", "2026-11-28 10:00:04.5 +00:00", "2026-11-28 12:00:04+0200"])
def test_a_time_in_the_words_of_nginx_or_python_is_read_in_json_too(tmp_path: Path, at: str) -> None:
    log, connections = log_of(tmp_path, format="json", fields={"seconds": "took", "path": "uri"})
    begin_counting(log).fetch(connections)
    (tmp_path / "access.log").write_text(own_json("/orders", 200, "browser", at=at) + "\n")
    seen = log.read(connections)
    assert seen.problem == "" and seen.traffic is not None
    assert [one.at for one in seen.traffic.seconds] == [AT]


@pytest.mark.parametrize(("line", "timed"), [(without_a_time, 0), (common, 1), (traefik_common, 1)])
@pytest.mark.parametrize("agent", ["browser 99.9", "99.9", "rt=99.9", "browser 99900ms", 'a\\" \\"99.9', "a\\\\"])
def test_what_a_client_calls_itself_is_not_taken_for_the_time_that_it_waited(tmp_path: Path, line: Any, timed: int, agent: str) -> None:
    """A request of anyone's would have ended a release as too slow."""
    log, connections = log_of(tmp_path, format="traefik" if line is traefik_common else "combined")
    begin_counting(log).fetch(connections)
    (tmp_path / "access.log").write_text(line("/orders", 200, agent) + "\n")
    traffic = log.read(connections).traffic
    assert traffic is not None and traffic.requests == 1
    assert sum(traffic.seconds[0].latency_bins.values()) == timed
    assert traffic.p95_s is None or traffic.p95_s < 1


@pytest.mark.parametrize("name", FORMATS)
def test_from_the_switch_on_is_counted_where_the_log_does_not_name_who_answered(tmp_path: Path, name: str) -> None:
    """As with two colours: the switch has left its mark, and the watch comes later."""
    line, more, _ = FORMATS[name]
    log, connections = log_of(tmp_path, **{"format": name.split()[0]} | more)
    log.marker = str(tmp_path / "switched.mark")
    file = tmp_path / "access.log"
    file.write_text(line("/orders", 500, "before") + "\n")
    subprocess.run(("sh", "-c", MARKER_PROGRAM, "mark", str(file), log.marker), check=True)
    Path(log.marker).write_text(f"{Path(log.marker).read_text().strip()} 10.0.0.7\n")  # and who had the traffic
    with file.open("a") as opened:
        opened.write(line("/orders", 200, "browser") + "\n" + line("/orders", 503, "browser") + "\n")
    seen = users_since_switch(log).fetch(connections)
    assert (seen.requests, seen.errors) == (2, 1), log.seen.problem
    assert begin_counting(log).fetch(connections).problem == ""
    assert float(log.mark.split()[2]) == pytest.approx(Path(log.marker).stat().st_mtime, abs=0.001)
    assert log.read(connections).traffic is not None and log.seen.traffic.requests == 2  # type: ignore[union-attr]


def test_without_a_mark_of_the_switch_nothing_is_counted_and_that_is_a_reason(tmp_path: Path) -> None:
    log, connections = log_of(tmp_path)
    log.marker = str(tmp_path / "switched.mark")
    assert "has no mark of a switch" in begin_counting(log).fetch(connections).problem
    assert users_since_switch(log).fetch(connections).requests == 0


def test_a_rotation_is_followed_and_a_log_that_is_not_there_yet_is_no_request(tmp_path: Path) -> None:
    log, connections = log_of(tmp_path)
    begin_counting(log).fetch(connections)
    assert log.read(connections).traffic is not None and log.seen.traffic.requests == 0  # type: ignore[union-attr]
    file = tmp_path / "access.log"
    file.write_text(common("/a", 200, "x") + "\n")
    begin_counting(log).fetch(connections)
    with file.open("a") as opened:
        opened.write(common("/b", 500, "x") + "\n")
    file.rename(tmp_path / "access.log.1")
    file.write_text(common("/c", 200, "x") + "\n")
    seen = log.read(connections).traffic
    assert seen is not None and (seen.requests, seen.errors) == (2, 1)


def test_a_log_that_cannot_be_read_ends_no_watch(tmp_path: Path) -> None:
    log, connections = log_of(tmp_path, path=None, service="web")
    connections.server.run = lambda command: (_ for _ in ()).throw(FactUnreadable("there is no container of web"))
    seen = begin_counting(log).fetch(connections)
    assert (seen.traffic, seen.problem) == (None, "there is no container of web")
    found = users_were_counted(log.where, seen)
    assert found.verdict is Verdict.WARNING and "what web writes: there is no container of web" in found.measured
    reads = OwnReads(log.environment)
    connections.http = SimpleNamespace(request=lambda *words, **more: SimpleNamespace(status=200, seconds=0.01))
    assert all_traffic(log, reads).fetch(connections).requests == len(reads.done) > 0


def test_no_request_counts_twice() -> None:
    environment = shop(traffic={"api": "/api/", "reads": ["/api/products"]})
    reads = (Read("/api/products?1", AT, 200, 0.01), Read("/", AT, 200, 0.01), Read("/api/products", AT, None), Read("/api/products", AT, 500, 0.01))
    users = Traffic((SecondBucket(AT, 5, 2, 5, {0: 5}),), AT)
    # this log names who asked: its lines are users' alone
    both = joined(UserRequests(users, agents=True), reads, environment)
    assert (both.requests, both.errors) == (9, 4)
    assert sum(one.external for one in both.seconds) == 5
    # and this one does not: two of its five are ours; what got no answer, and what lies outside the API, is in none of its lines
    both = joined(UserRequests(users), reads, environment)
    assert (both.requests, both.errors, both.seconds[0].latency_bins) == (7, 3, {0: 6})
    assert sum(one.external for one in both.seconds) == 3
    # with fewer lines than we have sent it is the log of other requests
    few = Traffic((SecondBucket(AT, 1, 0, 1, {}),), AT)
    assert joined(UserRequests(few), reads, environment).requests == 5


def test_without_an_access_log_ours_alone_are_counted() -> None:
    log = AccessLog(shop())
    assert (log.log, log.where) == (None, "")
    counted = users_were_counted("access.log", UserRequests(Traffic((), AT)))
    assert counted.verdict is Verdict.PASSED and "0 requests, 0 errors" in counted.measured


@pytest.mark.parametrize("how", ROTATIONS)
@pytest.mark.parametrize("after", [1, 200])
def test_no_request_is_lost_whatever_rotates_the_log(tmp_path: Path, how: str, after: int) -> None:
    """Errors before the rotation were gone, and a release with them passed its watch."""
    log, connections = log_of(tmp_path)
    file = tmp_path / "access.log"
    file.write_text("".join(common(f"/before{number}", 500, "x") + "\n" for number in range(20)))
    begin_counting(log).fetch(connections)
    with file.open("a") as opened:
        opened.write(common("/first", 500, "x") + "\n")
    rotate_twice(file, how, common("/second", 500, "x") + "\n")
    with file.open("a") as opened:
        opened.write("".join(common(f"/{number}", 200, "x") + "\n" for number in range(after)))
    seen = log.read(connections)
    assert seen.problem == "" and seen.traffic is not None
    assert (seen.traffic.requests, seen.traffic.errors) == (after + 2, 2)
