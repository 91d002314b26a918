"""The log lines of single requests: found by their ids with the real program, in files and in containers, in bounds."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.request_logs import (
    MOST_LINES,
    NOT_READ,
    RequestLine,
    RequestLogs,
    lines_of_requests,
    parse_lines,
    request_logs,
)
from tests.unit.shop_environment import shop

ID = "4f2c1d9e7ab30c55"
# of two services: one has been made twice, the logging driver of the other keeps nothing here
DOCKER = r"""#!/bin/bash
case "$*" in
    ps*project=shop*service=web*) echo web-1; echo web-2 ;;
    ps*project=shop*service=worker*) echo worker-1 ;;
    logs*web-1) echo 'ERROR no id' ; echo "ERROR 4f2c1d9e7ab30c55 failed" >&2 ;;
    logs*web-2) printf '{"severity": "error", "msg": "4f2c1d9e7ab30c55 once more", "ts": "16:05"}\n' ;;
    logs*) echo 'configured logging driver does not support reading' >&2; exit 1 ;;
    *) echo "unexpected: $*" >&2; exit 9 ;;
esac
"""


class Bash:
    """A server that is this machine, its PATH with a folder in front."""

    address = "here"

    def __init__(self, place: Path) -> None:
        self.server, self.place, self.asked = self, place, 0

    def run(self, command: Command) -> subprocess.CompletedProcess[str]:
        self.asked += 1
        environment = {**os.environ, "PATH": f"{self.place}:{os.environ['PATH']}"}
        return subprocess.run(command.argv, input=str(command.stdin), capture_output=True, text=True, check=True, env=environment)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Both logs, the access log rotated once."""
    def line(request_id: str, **fields: object) -> str:
        return json.dumps({"time": "2026-11-22T16:05:01Z", "request_id": request_id, **fields}) + "\n"

    (tmp_path / "access.log.1").write_text(line("other-one-1", status=200) + line(ID, status=500, method="POST", path="/api/v1/squads"))
    (tmp_path / "access.log").write_text(line("other-one-2", status=200))
    (tmp_path / "backend.log").write_text(line("other-one-1", level="ERROR", message="not this one") + line(
        ID, level="ERROR", message="failed", exception="Traceback\nUndefinedColumn: squads.region") + "x" * 20_000 + ID + "\n")
    return tmp_path


def found(logs: Path, *ids: str, services: tuple[str, ...] = ()) -> tuple[RequestLine, ...]:
    files = (str(logs / "access.log"), str(logs / "backend.log"))
    return lines_of_requests(RequestLogs(files, services, "shop"), ids).fetch(Bash(logs))  # type: ignore[arg-type]


def test_the_lines_of_that_very_request_are_found_in_both_logs_rotated_or_not(logs: Path) -> None:
    assert found(logs, ID) == (
        RequestLine("2026-11-22T16:05:01Z", "500", "POST /api/v1/squads"),
        RequestLine("2026-11-22T16:05:01Z", "ERROR", "failed: UndefinedColumn: squads.region"))


@pytest.mark.parametrize("request_id", ["no-such-id-at-all", "--help-or-not", "a.*b.*c.*"])
def test_an_id_that_no_line_has_finds_nothing_and_is_no_pattern(logs: Path, request_id: str) -> None:
    assert found(logs, request_id) == ()


def test_a_server_without_logs_has_no_lines(tmp_path: Path) -> None:
    assert found(tmp_path, ID) == ()


def test_a_flood_is_bounded(logs: Path) -> None:
    (logs / "backend.log").write_text(f'{{"request_id": "{ID}", "message": "again"}}\n' * 5_000)
    assert len(found(logs, ID)) == MOST_LINES


@pytest.mark.parametrize("request_id", ["", "short", "$(id)-and-more", "x" * 65, "with space-"])
def test_what_is_not_an_id_is_not_asked_for(request_id: str) -> None:
    assert lines_of_requests(RequestLogs(("/x.log",)), [request_id]).fetch(None) == ()  # type: ignore[arg-type]


SLOW_DOCKER = r"""#!/bin/bash
case "$*" in
    ps*) echo one ;;
    logs*) printf 'ERROR 4f2c1d9e7ab30c55 failed\nERROR 4f2c1d9e7ab30c55 password=cut in the mid'; exec sleep 60 ;;
esac
"""


def test_a_log_that_is_slow_costs_its_own_lines_and_is_named(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole was given up after 20 s, and what had been read by then with it."""
    monkeypatch.setattr("runbook_lib.platform.facts.request_logs.LIMIT_S", 3)
    (logs / "docker").write_text(SLOW_DOCKER)
    (logs / "docker").chmod(0o755)
    lines = found(logs, ID, services=("web",))
    assert lines[0].level == NOT_READ and lines[0].message.startswith("web: not read whole within ")
    assert [(one.level, one.message) for one in lines[1:]] == [
        ("500", "POST /api/v1/squads"),
        ("ERROR", "failed: UndefinedColumn: squads.region"), ("", f"ERROR {ID} failed")]


def test_an_environment_without_logs_is_not_asked() -> None:
    assert lines_of_requests(RequestLogs(), [ID]).fetch(None) == ()  # type: ignore[arg-type]


def test_what_containers_wrote_is_found_as_well_and_a_driver_that_keeps_nothing_hides_none_of_it(tmp_path: Path) -> None:
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    assert found(tmp_path, ID, services=("worker", "web")) == (
        RequestLine("", "", f"ERROR {ID} failed"), RequestLine("16:05", "error", f"{ID} once more"))


def test_the_logs_are_those_of_the_environment_file_requests_first() -> None:
    assert request_logs(load_environment("staging")) == RequestLogs(
        ("/var/log/nginx/access.log", "/var/log/nginx/error.log", "/var/log/gw2/backend.log"), (), "gw2-staging")
    assert request_logs(shop()) == RequestLogs((), ("web", "worker"), "shop")


def test_a_line_that_is_not_json_is_shown_without_control_characters() -> None:
    assert parse_lines("\x1b[31mpanic\n[1, 2]\n") == (RequestLine("", "", "\\x1b[31mpanic"), RequestLine("", "", "[1, 2]"))
