"""container_logs.sh with an engine that replies from files: what it asks, and what it says is missing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs
from runbook_lib.platform.facts.container_logs import parse_container_lines

DOCKER = r"""#!/bin/bash
echo 'WARNING: Error loading config file: /home/deploy/.docker/config.json: permission denied' >&2
case "$1 $*" in
  "ps "*) [[ ! -e $FAKE/down ]] || exit 1; [[ -e $FAKE/none ]] || echo c1 ;;
  "inspect "*LogConfig*) cat "$FAKE/limit" ;;
  "inspect "*) cat "$FAKE/made" ;;
  "logs "*--since*) cat "$FAKE/log"; exit "$(cat "$FAKE/code")" ;;
  "logs "*) cat "$FAKE/log" ;;
esac
"""
SINCE = 1_795_809_600  # 2026-11-27 20:00 UTC


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    for name, text in (("limit", "json-file "), ("made", "2026-11-27T19:59:00.5Z"), ("code", "0"),
                       ("log", "2026-11-27T19:59:01Z started\n2026-11-27T20:00:01Z ERROR no such table\n")):
        (tmp_path / name).write_text(text)
    return tmp_path


def read(engine: Path, code: int = 0, service: str = "web") -> list[str]:
    done = subprocess.run(("bash", "-s", "--", "shop", str(SINCE), "200", "10", service), text=True, capture_output=True,
                          input=programs.text("platform/severe_lines.sh", "platform/container_logs.sh"),
                          env={"PATH": f"{engine}/bin:/usr/bin:/bin", "FAKE": str(engine)}, timeout=60)
    assert done.returncode == code, done.stderr
    return done.stdout.splitlines()


def test_lines_that_may_be_severe_are_handed_over_with_their_time(engine: Path) -> None:
    assert read(engine) == ["F web", "L 2026-11-27T20:00:01Z ERROR no such table"]


@pytest.mark.parametrize(("line", "service"), [
    ('{"level":50,"msg":"boom"}', "web"), ("\x1b[31m{\"level\": 60}\x1b[0m", "web"), ('level=error msg="boom"', "web"),
    ('{"sev": "error"}', "web=sev"), ("{\"level\": \"err\"}\r", "web"),
    ('{"msg": "boom", "trace": "' + "x" * 200 + '", "level": "error"}', "web"), ("{request-1} ERROR boom", "web"),
    ("[Fri Nov 27] [proxy_http2:error] [pid 7] boom", "web"), ("E1127 20:00:01.123456       1 file.go:12] boom", "web"),
    ("[20:00:01 FTL] boom", "web"), ("NOTICE: PHP message: PHP Fatal error:  Uncaught boom", "web"), ("<27>Nov 27 20:00:01 host app[7]: boom", "web"),
])
def test_whoever_writes_a_severe_line_it_is_handed_over_without_colours(engine: Path, line: str, service: str) -> None:
    (engine / "log").write_text(f"2026-11-27T20:00:01Z {line}\n2026-11-27T20:00:02Z {{\"level\": 30, \"msg\": \"an error\"}}\n")
    shown = read(engine, service=service)
    assert len(shown) == 2
    assert not any("\x1b" in one or "\r" in one for one in shown)
    lines, *_ = parse_container_lines(shown, {"web": "sev"} if "=" in service else {})
    assert len(lines) == 1


def test_a_log_without_a_severe_line_is_whole(engine: Path) -> None:
    (engine / "log").write_text("2026-11-27T19:59:01Z started\n")
    assert read(engine) == ["F web"]


def test_lines_of_a_container_that_was_replaced_are_missing(engine: Path) -> None:
    (engine / "made").write_text("2026-11-27T20:10:00Z")
    assert read(engine)[1] == "G web was made anew at 2026-11-27 20:10:00 UTC: lines of the container before it are gone"


def test_lines_that_the_driver_dropped_are_missing(engine: Path) -> None:
    (engine / "limit").write_text("json-file 10m")
    assert len(read(engine)) == 2
    (engine / "log").write_text("2026-11-27T20:30:00Z busy\n")
    assert read(engine)[1] == "G the log of web begins at 2026-11-27 20:30:00 UTC: older lines were dropped"


@pytest.mark.parametrize("driver", ["local", "journald", "syslog"])
def test_drivers_that_drop_lines_without_being_asked_to_are_not_taken_for_whole(engine: Path, driver: str) -> None:
    """`local` keeps 100 MB unless it is asked for more, and so does the cache of what goes to a log server."""
    (engine / "limit").write_text(f"{driver} ")
    assert len(read(engine)) == 2
    (engine / "log").write_text("2026-11-27T20:30:00Z busy\n")
    assert read(engine)[1] == "G the log of web begins at 2026-11-27 20:30:00 UTC: older lines were dropped"


def test_a_driver_that_keeps_nothing_here_is_said(engine: Path) -> None:
    (engine / "code").write_text("1")
    assert read(engine)[-1] == "G the log of web cannot be read: its logging driver keeps none here"


def test_a_service_without_a_container_is_said_and_an_engine_that_does_not_answer_is_an_error(engine: Path) -> None:
    (engine / "none").touch()
    assert read(engine) == ["G there is no container of web"]
    (engine / "down").touch()
    read(engine, code=1)


def test_many_and_long_lines_are_bounded(engine: Path) -> None:
    (engine / "log").write_text("".join(f"2026-11-27T20:00:01Z ERROR {'x' * 500}\n" for _ in range(20)))
    shown = read(engine)
    assert shown[1] == "G only the last 10 lines of web that may be severe were read, of 20"
    assert len(shown) == 12
    assert {len(one) for one in shown[2:]} == {202}


def test_one_that_is_removed_before_it_is_read_makes_the_answer_incomplete(engine: Path) -> None:
    """It passed as one without a severe line."""
    (engine / "made").unlink()
    shown = read(engine)
    assert shown == ["F web", "G a container of web was removed while its log was to be read"]
    assert parse_container_lines(shown)[2:] == ("a container of web was removed while its log was to be read", None)
