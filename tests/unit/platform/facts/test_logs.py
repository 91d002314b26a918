"""Lines of logs: dated, bounded, and harmless to show."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.platform.facts import logs
from runbook_lib.platform.facts.logs import errors_since, parse_access, parse_backend, sanitize

SINCE = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
ENVIRONMENT: Any = SimpleNamespace()


def line(level: str, minute: int, message: str = "no", hour: int = 16, **more: Any) -> str:
    return json.dumps(
        {"time": f"2026-11-22T{hour}:{minute:02d}:00.123+00:00", "level": level, "message": message, **more}
    )


def test_only_grave_lines_since_the_moment_count() -> None:
    lines = [
        line("ERROR", 59, "old", hour=15),
        line("INFO", 1, "about ERROR handling"),
        line("ERROR", 2, "new"),
        line("CRITICAL", 3, "worse", request_id="r1"),
    ]
    found = parse_backend(lines, SINCE)
    assert [(one.level, one.message, one.request_id) for one in found] == [
        ("ERROR", "new", ""),
        ("CRITICAL", "worse", "r1"),
    ]


def test_a_trace_around_the_log_is_dated_by_the_line_before_it() -> None:
    old = [line("INFO", 1, hour=15), "Traceback (most recent call last):"]
    new = [line("INFO", 1), "CRITICAL: worker died"]
    assert [one.message for one in parse_backend(old + new, SINCE)] == ["CRITICAL: worker died"]


def test_a_trace_that_nothing_dates_counts() -> None:
    assert len(parse_backend(["Traceback (most recent call last):"], SINCE)) == 1


def test_the_exception_of_a_line_is_shown_by_its_last_line() -> None:
    found = parse_backend([line("ERROR", 1, "failed", exception="Traceback\n  File\nValueError: bad")], SINCE)
    assert found[0].message == "failed (ValueError: bad)"


@pytest.mark.parametrize("hostile", ["\x1b[2J\x1b]0;owned\x07", "a\rb", "\u202egnp.exe", "\x00", "\x9b31m"])
def test_control_characters_are_shown_and_not_obeyed(hostile: str) -> None:
    shown = sanitize(hostile)
    assert hostile not in shown
    assert "\\x" in shown
    assert shown.isprintable()


def test_a_long_message_is_cut() -> None:
    assert len(sanitize("x" * 100_000)) <= logs.SHOWN + 1


@pytest.mark.parametrize("broken", ["{", '{"time": 3, "level": "ERROR"}', "[" * 10_000, '{"level": null}', "", "null"])
def test_broken_lines_do_not_stop_the_reading(broken: str) -> None:
    assert any(one.message == "new" for one in parse_backend([broken, line("ERROR", 2, "new")], SINCE))


def test_an_access_line_tells_request_and_upstream() -> None:
    said = json.dumps(
        {
            "time": "2026-11-22T16:05:00+00:00",
            "request_id": "r",
            "method": "POST",
            "path": "/api/v1/builds",
            "status": 502,
            "upstream": "172.27.3.4:8000",
        }
    )
    old = said.replace("T16:", "T15:")
    found = parse_access([old, said, said.replace("502", "404")], SINCE)
    assert [one.message for one in found] == ["POST /api/v1/builds 502 by 172.27.3.4:8000"]


def test_a_cut_access_line_is_kept() -> None:
    assert len(parse_access(['{"status":500,"agent":"xxx'], SINCE)) == 1


def run_on(path: Path, program: str) -> tuple[int, str]:
    done = subprocess.run(["bash", "-c", logs._READ, "log", str(path), program], capture_output=True, text=True)
    return done.returncode, done.stdout


def test_the_server_side_filter_keeps_grave_lines_and_their_dates(tmp_path: Path) -> None:
    log = tmp_path / "backend.log"
    (tmp_path / "backend.log.1").write_text(line("ERROR", 1, "before the rotation") + "\n")
    log.write_text("\n".join([line("INFO", 2, "a"), line("INFO", 3, "b"), "Traceback", line("ERROR", 4, "c")]) + "\n")
    code, text = run_on(log, logs._SEVERE_LINES)
    assert code == 0
    assert [one.message for one in parse_backend(text.splitlines(), SINCE)] == ["before the rotation", "Traceback", "c"]


def test_log_text_is_never_run(tmp_path: Path) -> None:
    log = tmp_path / "backend.log"
    mark = tmp_path / "owned"
    log.write_text(line("ERROR", 1, f"$(touch {mark}) `touch {mark}`; touch {mark}") + "\n")
    run_on(log, logs._SEVERE_LINES)
    assert not mark.exists()


def test_a_log_that_cannot_be_read_is_no_clean_log(tmp_path: Path) -> None:
    (tmp_path / "backend.log").mkdir()
    assert run_on(tmp_path / "backend.log", logs._SEVERE_LINES)[0] not in (0, logs._NO_LOG)


def test_no_log_is_none_and_not_an_empty_one() -> None:
    silent = ScriptedConnections(commands={"log /var/log/gw2/backend.log": (logs._NO_LOG, "")})
    assert errors_since(ENVIRONMENT, SINCE).fetch(silent) is None  # type: ignore[arg-type]
