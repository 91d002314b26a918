"""What containers leave before an undo removes them: which ones, their health checks, and the line that names the error."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.platform.facts.failed_containers import FailedContainer, failed_containers, parse_failed, telling_line

OLD = "2026-01-01T00:00:00.123456789Z"
# each container is a folder: what `docker inspect` shows for both formats, and its log
DOCKER = r"""#!/bin/bash
echo 'WARNING: Error loading config file: /home/deploy/.docker/config.json: permission denied' >&2
case $1 in
    ps) ls "$CONTAINERS" ;;
    inspect) [[ $3 == *Created* ]] && exec cat "$CONTAINERS/$4/times"; cat "$CONTAINERS/$4/head" ;;
    logs) cat "$CONTAINERS/$4/log"; echo "from its error stream" >&2 ;;
esac
"""
RAISED = ('psycopg2.errors.UndefinedColumn: column "due_at" does not exist',
          "LINE 1: SELECT due_at FROM tickets LIMIT 1", "               ^", '127.0.0.1 "GET /healthz HTTP/1.1" 500 -')
TRACE = ("[2026-11-28 10:41:10,221] ERROR in app: Exception on /healthz [GET]", "Traceback (most recent call last):",
         '  File "/app/app.py", line 8, in healthz', "    cursor.execute(QUERY)", *RAISED)


class Here:
    """A server that is this machine, with a docker of its own."""

    def __init__(self, place: Path) -> None:
        self.server, self.place = self, place

    def run(self, command: Command) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PATH": f"{self.place}:{os.environ['PATH']}", "CONTAINERS": str(self.place / "all")}
        return subprocess.run(command.argv, input=str(command.stdin), capture_output=True, text=True, check=True,
                              env=environment)


@pytest.fixture
def here(tmp_path: Path) -> Here:
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    return Here(tmp_path)


def add(here: Here, name: str, *log: str, status: str = "running", health: str = "unchecked", code: int = 0,
        age_s: float = 0, checks: tuple[tuple[int, str], ...] = ()) -> None:
    place = here.place / "all" / name
    place.mkdir(parents=True)
    at = (datetime.now(UTC) - timedelta(seconds=age_s)).isoformat()
    (place / "times").write_text(f"{at} {at} {'0001-01-01T00:00:00Z' if status == 'running' else at} {status} {health}\n")
    outputs = [{"ExitCode": one, "Output": text} for one, text in checks]
    state = {"Status": status, "ExitCode": code, "OOMKilled": False,
             **({} if health == "unchecked" else {"Health": {"Status": health, "Log": outputs}})}
    (place / "head").write_text(f"{name} /shop-{name}-1 {json.dumps(state)}\n")
    (place / "log").write_text("".join(f"{line}\n" for line in log))


def test_an_unhealthy_one_has_its_health_checks_its_lines_and_the_line_that_names_the_error(here: Here) -> None:
    add(here, "web", *TRACE, health="unhealthy", checks=((1, "curl: (22) error: 500"),))
    (one,) = failed_containers("shop", 60).fetch(here)  # type: ignore[arg-type]
    assert (one.name, one.condition, one.at_fault, one.recent) == ("shop-web-1", "running, unhealthy", True, True)
    assert one.checks == ((1, "curl: (22) error: 500"),)
    assert one.lines == (*TRACE, "from its error stream")
    assert one.reason == RAISED[0]


def test_one_from_before_is_left_out_unless_it_is_not_healthy_and_is_never_called_the_cause(here: Here) -> None:
    add(here, "db", "ready", age_s=5000)
    add(here, "old", "ERROR of last week", status="exited", code=1, age_s=5000)
    add(here, "sick", "ERROR of last week", health="unhealthy", age_s=5000)
    found = failed_containers("shop", 60).fetch(here)  # type: ignore[arg-type]
    assert [(one.service, one.recent, one.at_fault) for one in found] == [("sick", False, False)]


def test_one_that_was_stopped_is_not_at_fault_and_one_that_ended_with_an_error_is(here: Here) -> None:
    add(here, "stopped", "bye", status="exited", code=143)
    add(here, "broken", "cannot read /etc/app.conf", status="exited", code=3)
    broken, stopped = failed_containers("shop", 60).fetch(here)  # type: ignore[arg-type]
    assert (broken.at_fault, broken.condition, broken.reason) == (True, "exited with 3", "cannot read /etc/app.conf; from its error stream")
    assert (stopped.at_fault, stopped.reason) == (False, "")


@pytest.mark.parametrize(("lines", "reason"), [
    (("The backend does not start.", "  LIMIT is missing", "Set these, then start again.") * 4,
     "The backend does not start. LIMIT is missing; Set these, then start again."),
    (("one",), "one"), (("", "  "), ""), (tuple(f"line {number}" for number in range(9)), "line 8"),
    ((*(f"line {number}" for number in range(9)), "cannot go on", "bye", "cannot go on", "bye"), "cannot go on; bye"),
])
def test_the_last_words_of_a_crash_loop_are_those_of_its_last_start(lines: tuple[str, ...], reason: str) -> None:
    """`Set these in .env, then start again` alone left out which."""
    one = FailedContainer("web", "web-1", "restarting", "", 1, oom_killed=False, recent=True, lines=lines)
    assert one.reason == reason


def test_a_line_without_measure_is_left_out_whole_for_a_piece_of_it_may_be_a_secret(here: Here) -> None:
    add(here, "web", "x" * 5000, health="starting")
    (one,) = failed_containers("shop", 60).fetch(here)  # type: ignore[arg-type]
    assert one.lines[0] == "(a line of 5000 bytes)"


def test_one_that_was_never_started_has_no_exit_code() -> None:
    state = {"Status": "created", "ExitCode": 0}
    (one,) = parse_failed(f"C 1 web /shop-web-1 {json.dumps(state)}\n")
    assert (one.condition, one.at_fault) == ("created", False)


def test_a_health_check_without_a_word_in_the_log_is_the_reason() -> None:
    state = {"Status": "running", "ExitCode": 0, "Health": {"Status": "unhealthy", "Log": [
        {"ExitCode": 1, "Output": "wget: server returned error: HTTP/1.1 503\n"}]}}
    (one,) = parse_failed(f"C 1 web /shop-web-1 {json.dumps(state)}\n")
    assert one.reason == "its health check: wget: server returned error: HTTP/1.1 503"


STARTS = json.dumps({"level": "INFO", "message": "release 4 starts", "version": "4"})


@pytest.mark.parametrize(("state", "checks", "reason"), [
    ("running", ((1, "connect: Connection refused\n"),), "its health check: connect: Connection refused"),
    ("running", ((1, ""), (1, " ")), "release 4 starts"), ("running", (), "release 4 starts"),
    ("exited", ((1, "connect: Connection refused\n"),), "release 4 starts"),
])
def test_one_that_runs_is_judged_by_its_health_check_and_not_by_how_it_started(state: str, checks: tuple[tuple[int, str], ...], reason: str) -> None:
    """It listened on another port, and the head of the report said that the release starts."""
    one = FailedContainer("web", "web-1", state, "unhealthy", 1, oom_killed=False, recent=True, checks=checks, lines=(STARTS,))
    assert one.reason == reason


def test_an_output_that_docker_has_cut_loses_its_last_word() -> None:
    state = {"Status": "running", "ExitCode": 0,
             "Health": {"Status": "unhealthy", "Log": [{"ExitCode": 1, "Output": "word " * 818 + "secre"}]}}
    (one,) = parse_failed(f"C 1 web /shop-web-1 {json.dumps(state)}\n")
    assert one.checks[0][1].endswith("word ")


@pytest.mark.parametrize(("lines", "found"), [
    (TRACE, RAISED[0]),
    (("Error: Cannot find module 'express'", "    at Module._resolve", "Node.js v18"), "Error: Cannot find module 'express'"),
    (("panic: no route", "goroutine 1 [running]:"), "panic: no route"),
    (("FATAL:  data directory has wrong ownership", "HINT:  chown it"), "FATAL:  data directory has wrong ownership"),
    (('{"level": "error", "message": "no database"}', "bye"), "no database"),
    # a logger of JSON: what was raised is inside, and the line of its request comes last
    ((json.dumps({"level": "ERROR", "message": "unexpected error", "exception": "\n".join(TRACE[1:5])}),
      '{"level": "ERROR", "message": "POST /api/v1/builds 500", "status": 500}'), f"unexpected error ({RAISED[0]})"),
    (("listening on 8000", '"GET / HTTP/1.1" 200'), ""), ((), ""),
])
def test_the_telling_line_is_what_was_raised_else_the_last_severe_one(lines: tuple[str, ...], found: str) -> None:
    assert telling_line(lines) == found


def test_a_reply_of_another_form_is_an_error() -> None:
    with pytest.raises(FactUnreadable):
        parse_failed("C 1 web /shop-web-1 null\n")


def test_one_that_goes_while_it_is_asked_hides_none_of_the_others(here: Here) -> None:
    """All of them were given up as a reply in an unknown form."""
    add(here, "once", "ERROR one", health="unhealthy")
    add(here, "web", "ERROR two", health="unhealthy")
    (here.place / "all/once/head").unlink()
    found = failed_containers("shop", 60).fetch(here)  # type: ignore[arg-type]
    assert [(one.service, one.lines[0]) for one in found] == [("web", "ERROR two")]
