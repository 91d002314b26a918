"""The log lines of single requests: found by their ids with the real program, parsed, in bounds."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from runbook_lib.platform.facts import request_logs
from runbook_lib.platform.facts.logs import ACCESS_LOG, BACKEND_LOG
from runbook_lib.platform.facts.request_logs import RequestLine, lines_of_requests, parse_lines

ID = "4f2c1d9e7ab30c55"


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


def found(logs: Path, *ids: str) -> tuple[RequestLine, ...]:
    program = request_logs._LINES.replace(ACCESS_LOG, str(logs / "access.log")).replace(BACKEND_LOG, str(logs / "backend.log"))
    ran = subprocess.run(("bash", "-c", program, "requests", *ids), capture_output=True, text=True, check=True)
    return parse_lines(ran.stdout)


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
    assert len(found(logs, ID)) == request_logs.MOST_LINES


@pytest.mark.parametrize("request_id", ["", "short", "$(id)-and-more", "x" * 65, "with space-"])
def test_what_is_not_an_id_is_not_asked_for(request_id: str) -> None:
    assert lines_of_requests([request_id]).fetch(None) == ()  # type: ignore[arg-type]


def test_a_line_that_is_not_json_is_shown_without_control_characters() -> None:
    assert parse_lines("\x1b[31mpanic\n[1, 2]\n") == (RequestLine("", "", "\\x1b[31mpanic"), RequestLine("", "", "[1, 2]"))
