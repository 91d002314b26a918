"""What is counted since the switch, from real lines of nginx's log, by the very program that runs on the server."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.environment.logs import LogFile
from runbook_lib.platform.facts import traffic
from runbook_lib.platform.facts.oom_kills import parse_kills
from runbook_lib.platform.facts.traffic import Traffic, parse_traffic, traffic_since_switch
from tests.unit.log_rotation import ROTATIONS, LocalServer, rotate_twice


def line(path: str = "/api/v1/builds", status: int | str = 200, *, seconds: str = "0.010", agent: str = "browser",
         time: str = "2026-11-22T19:30:04+00:00") -> str:
    head = f'{{"time":"{time}","path":{json.dumps(path)},"status":{status},"seconds":{seconds}'
    return f'{head},"agent":{json.dumps(agent)},"tls":"TLSv1.3"}}\n'


def mark_switch(folder: Path) -> None:
    (folder / ".runbook").mkdir(exist_ok=True)
    words = ("sh", "-c", traffic.MARKER_PROGRAM, "mark", str(folder / "access.log"), str(folder / traffic.MARKER))
    subprocess.run(words, check=True)


def counted(folder: Path, text: str = "", *, mark: bool = True, health: str = "/health /api/v1/health") -> Traffic:
    if mark:
        mark_switch(folder)
    with (folder / "access.log").open("a") as file:
        file.write(text)
    return read(folder, health)


def read(folder: Path, health: str = "/health /api/v1/health") -> Traffic:
    endpoints = {path: {} for path in health.split()}
    environment = SimpleNamespace(
        server=SimpleNamespace(path=lambda name: str(folder / name)), health=SimpleNamespace(endpoints=endpoints),
        logs={"nginx": LogFile(kind="access", format="json", path=str(folder / "access.log"))},
        traffic=SimpleNamespace(api="/api/", slow_by_intent=("/auth/",)),
    )
    return traffic_since_switch(environment).fetch(SimpleNamespace(server=LocalServer()))  # type: ignore[arg-type]


def test_only_what_came_after_the_mark_is_counted(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(line(status=500) * 5)
    seen = counted(tmp_path, line() * 9 + line(status=503))
    assert (seen.requests, seen.errors, seen.error_rate_percent) == (10, 1, 10.0)


def test_health_checks_pages_and_the_rate_limit_do_not_count(tmp_path: Path) -> None:
    apart = line("/api/v1/health") + line("/health") + line("/") + line(status=429) + line("/assets/a.js", 500)
    assert counted(tmp_path, apart).requests == 0
    assert counted(tmp_path, apart).error_rate_percent is None


def test_what_the_release_of_before_still_answers_is_not_held_against_the_new_one(tmp_path: Path) -> None:
    def by(upstream: str) -> str:
        return line(status=500).replace('"tls"', f'"upstream":"{upstream}","tls"')

    counted(tmp_path, by("10.0.0.7:8000") * 5 + by("10.0.0.8:8000") + by("10.0.0.7:8000, 10.0.0.8:8000") + by("-"))
    mark = tmp_path / traffic.MARKER
    mark.write_text(f"{mark.read_text().strip()} 10.0.0.7 172.20.0.7\n")
    assert read(tmp_path).errors == 3


def test_a_rotation_since_the_switch_is_followed(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(line())
    counted(tmp_path, line(status=500))
    (tmp_path / "access.log").rename(tmp_path / "access.log-20261122")
    assert counted(tmp_path, line(), mark=False).requests == 2
    assert read(tmp_path).errors == 1


@pytest.mark.parametrize("how", ROTATIONS)
@pytest.mark.parametrize("after", [1, 200])
def test_no_request_is_lost_whatever_rotates_the_log(tmp_path: Path, how: str, after: int) -> None:
    """Hourly, twice since the switch, compressed at once, or copied and emptied: errors before it were gone."""
    file = tmp_path / "access.log"
    file.write_text("".join(line(f"/api/v1/before/{number}", 500) for number in range(20)))
    counted(tmp_path, line(status=500))
    rotate_twice(file, how, line(status=500))
    with file.open("a") as opened:
        opened.write("".join(line(f"/api/v1/{number}") for number in range(after)))
    seen = read(tmp_path)
    assert (seen.requests, seen.errors) == (after + 2, 2)


def test_a_mark_of_an_earlier_version_is_read_without_its_sum(tmp_path: Path) -> None:
    """A watch that goes on after an update of the runbooks."""
    counted(tmp_path, line(status=500))
    mark = tmp_path / traffic.MARKER
    mark.write_text(f"{(tmp_path / 'access.log').stat().st_ino} 0 10.0.0.7\n")
    assert read(tmp_path).errors == 1
    (tmp_path / "access.log").rename(tmp_path / "access.log-20261122")
    assert counted(tmp_path, line(), mark=False).requests == 2


def test_without_a_mark_nothing_is_counted_and_the_error_names_who_writes_it(tmp_path: Path) -> None:
    with pytest.raises(FactUnreadable, match="no switch has left its marker"):
        read(tmp_path)


def test_a_log_that_was_cut_short_is_read_from_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(line() * 9)
    counted(tmp_path)
    (tmp_path / "access.log").write_text(line() * 3)
    assert read(tmp_path).requests == 3


def test_a_log_that_is_not_there_yet_is_no_traffic(tmp_path: Path) -> None:
    mark_switch(tmp_path)
    assert read(tmp_path).requests == 0


def test_a_visitor_cannot_write_a_status_into_the_log(tmp_path: Path) -> None:
    hostile = '/api/v1/x","status":500,"path":"/api/v1/y'
    seen = counted(tmp_path, line(hostile) + line(agent='a","status":500,"x":"'))
    assert (seen.requests, seen.errors) == (2, 0)


def test_lines_that_are_cut_short_or_no_json_do_not_stop_the_counting(tmp_path: Path) -> None:
    assert counted(tmp_path, '{"time":"2026-11-\nrubbish\n\n' + line()).requests == 1


def test_p95_is_told_in_steps_of_a_twentieth_of_a_second(tmp_path: Path) -> None:
    seen = counted(tmp_path, line(seconds="0.010") * 90 + line(seconds="2.510") * 10)
    assert seen.p95_s == pytest.approx(2.525)
    assert counted(tmp_path, line(seconds="0.010") * 100).p95_s == pytest.approx(0.025)


def test_the_latest_p95_reaches_back_until_it_has_seen_enough(tmp_path: Path) -> None:
    old = line(seconds="2.510", time="2026-11-22T19:30:00+00:00") * 30
    new = line(seconds="0.010", time="2026-11-22T19:30:14+00:00") * 15
    seen = replace(counted(tmp_path, old + new), read_at=datetime(2026, 11, 22, 19, 30, 15, tzinfo=UTC))
    assert seen.latest_p95_s(5, 15) == pytest.approx(0.025)
    assert seen.latest_p95_s(5, 16) == seen.latest_p95_s(15, 15) == pytest.approx(2.525)
    assert seen.latest_p95_s(5, 46) is None


def test_a_password_takes_its_time_by_intent(tmp_path: Path) -> None:
    seen = counted(tmp_path, line() * 9 + line("/api/v1/auth/login", seconds="2.510") * 9)
    assert seen.requests == 18 and seen.p95_s == pytest.approx(0.025)


def test_the_watchs_own_requests_do_not_make_it_look_busy() -> None:
    text = "now 2026-11-22T19:30:05+00:00\nsecond 2026-11-22T19:30:04+00:00 12 0 2\n"
    assert parse_traffic(text).external_in_last(5) == 2
    assert parse_traffic(text.replace("19:30:05", "19:31:05")).external_in_last(5) == 0


@pytest.mark.parametrize("text", ["", "second x\n", "now yesterday\n", "now 2026-11-22T19:30:05+00:00\nbin a b\n",
                                  "now 2026-11-22T19:30:05+00:00\nsecond 2026-11-22T19:30:05+00:00 1 2\n"])
def test_an_unknown_form_is_an_error_and_never_zero_errors(text: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_traffic(text)


def test_memory_kills_are_read_from_both_kinds_of_cgroups() -> None:
    assert parse_kills("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\n") == 2
    assert parse_kills("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n") == 1
    assert parse_kills("") is None


def test_what_our_own_gates_ask_is_not_taken_for_users() -> None:
    """A deployment that no user had tried was said to rest on 27 requests of users: a smoke test's."""
    for agent, external in (("runbook-watch", 0), ("runbook-check", 0), ("my runbook-check", 1), ("browser", 1)):
        with tempfile.TemporaryDirectory() as folder:
            seen = counted(Path(folder), line(agent=agent))
        assert [one.external for one in seen.seconds] == [external], agent
