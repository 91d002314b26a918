"""Severe lines since a moment, from a log and all of its rotated files: what is gone is said, never passed over."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.environment import load_environment
from runbook_lib.environment.logs import LogFile
from runbook_lib.platform.facts.log_lines import NAMED_TIMES, TIMES
from runbook_lib.platform.facts.logs import MOST_LINES, SevereLines, errors_since, lines_program, parse_lines

SINCE = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
ENVIRONMENT = load_environment("staging")


def line(at: datetime, level: str = "INFO", message: str = "no", **more: Any) -> str:
    return json.dumps({"time": at.isoformat(), "level": level, "message": message, **more})


def write(path: Path, first: datetime, last: datetime, *extra: str) -> Path:
    """A log with a line every ten minutes from one moment to another, and lines in its middle; last written then."""
    times = []
    while first <= last:
        times.append(first)
        first += timedelta(minutes=10)
    half = len(times) // 2
    path.write_text("\n".join([*map(line, times[:half]), *extra, *map(line, times[half:])]) + "\n")
    os.utime(path, (last.timestamp(), last.timestamp()))
    return path


def days(count: int) -> tuple[datetime, datetime]:
    """From that many days after SINCE's midnight until the next midnight."""
    midnight = SINCE.replace(hour=0) + timedelta(days=count)
    return midnight, midnight + timedelta(hours=23, minutes=50)


def error(count: int, message: str = "boom") -> str:
    return line(SINCE.replace(hour=17) + timedelta(days=count), "ERROR", message)


def read(log: Path, **variables: str) -> SevereLines | None:
    """What the program on the server finds, parsed."""
    argv = ["bash", "-s", "--", str(log), str(int(SINCE.timestamp())), "8000", str(MOST_LINES), "\n".join((*TIMES, *NAMED_TIMES))]
    done = subprocess.run(argv, input=lines_program(), capture_output=True, text=True, check=False,
                          env={**os.environ, **variables}, timeout=60)
    assert done.returncode in (0, 66), done.stderr
    return None if done.returncode == 66 else parse_lines(done.stdout.split("\n"), SINCE)


def messages(log: Path, **variables: str) -> list[str]:
    found = read(log, **variables)
    assert found is not None
    assert found.incomplete == ""
    return [one.message for one in found.lines]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The log of today, two days after the deployment; the days between are the tests' own."""
    return write(tmp_path / "backend.log", *days(2))


@pytest.mark.parametrize("names", [
    ("backend.log.2", "backend.log.1"), ("backend.log.1", "backend.log.0"), ("backend.log-20261122", "backend.log-20261123"),
    ("backend.log-20261122-16", "backend.log-20261123-17"), ("backend.log-1795363200", "backend.log-1795449600"),
    ("backend.log.2026-11-22_16:00:00", "backend.log.2026-11-23_16:00:00"), ("backend-20261122.log", "backend-20261123.log"),
    ("backend.2.log", "backend.1.log"), ("backend.log-22112026", "backend.log-23112026"), ("old/backend.log-1", "old/backend.log-2"),
    ("backend.log 22 Nov", "backend.log 23 Nov"),
], ids=lambda names: names[0])
def test_every_rotated_file_back_to_the_moment_is_read_whatever_its_name(log: Path, names: tuple[str, str]) -> None:
    for day, name in enumerate(names):
        (log.parent / name).parent.mkdir(exist_ok=True)
        write(log.parent / name, *days(day), error(day, f"day {day}"))
    write(log, *days(2), error(2, "day 2"))
    assert messages(log) == ["day 0", "day 1", "day 2"]


@pytest.mark.parametrize(("tool", "suffix"), [("gzip", ".gz"), ("bzip2", ".bz2"), ("xz", ".xz"), ("zstd", ".zst"), ("gzip", ".old")])
def test_compressed_files_are_read_by_their_content(log: Path, tool: str, suffix: str) -> None:
    for day in range(2):
        plain = write(log.parent / f"backend.log-2026112{2 + day}", *days(day), error(day, f"day {day}"))
        packed = plain.with_name(plain.name + suffix)
        packed.write_bytes(subprocess.run((tool, "-c"), input=plain.read_bytes(), capture_output=True, check=True).stdout)
        shutil.copystat(plain, packed)
        plain.unlink()
    assert messages(log) == ["day 0", "day 1"]


def test_a_real_copytruncate_leaves_one_log_in_two_files(tmp_path: Path) -> None:
    log = write(tmp_path / "backend.log", *days(0), error(0, "day 0"))
    shutil.copy2(log, tmp_path / "backend.log.1")
    os.truncate(log, 0)
    write(log, *days(1), error(1, "day 1"))
    assert messages(log) == ["day 0", "day 1"]


def test_files_last_written_before_the_moment_are_not_read(log: Path) -> None:
    for day in (-1, 0, 1):
        write(log.parent / f"backend.log-2026112{2 + day}", *days(day), error(day))
    found = read(log)
    assert found is not None
    assert [Path(name).name for name in found.files] == ["backend.log-20261122", "backend.log-20261123", "backend.log"]


def test_files_of_other_logs_are_not_ours(log: Path) -> None:
    write(log.parent / "backend.log-20261122", *days(0))
    write(log.parent / "backend.log-20261123", *days(1))
    write(log.parent / "other.log", *days(1), error(1))
    write(log.parent / "backends.log.1", *days(1), error(1))
    assert messages(log) == []


def test_a_log_that_was_moved_away_and_not_begun_anew_is_read(tmp_path: Path) -> None:
    write(tmp_path / "backend.log.1", *days(0), error(0))
    assert messages(tmp_path / "backend.log") == ["boom"]


GONE: dict[str, Callable[[Path], Any]] = {
    "the first dated": lambda folder: (folder / "backend.log-20261122").unlink(),
    "the middle dated": lambda folder: (folder / "backend.log-20261123").unlink(),
    "cut": lambda folder: (subprocess.run(("gzip", folder / "backend.log-20261123"), check=True),
                           os.truncate(folder / "backend.log-20261123.gz", 60)),
    "a folder": lambda folder: ((folder / "backend.log-20261122").unlink(), (folder / "backend.log-20261122").mkdir()),
}


@pytest.mark.parametrize("name", GONE)
def test_what_is_gone_or_cannot_be_read_whole_makes_it_incomplete(log: Path, name: str) -> None:
    for day in range(2):
        write(log.parent / f"backend.log-2026112{2 + day}", *days(day))
    assert messages(log) == []
    GONE[name](log.parent)
    for path in log.parent.glob("*.gz"):
        os.utime(path, (days(1)[1].timestamp(),) * 2)
    found = read(log)
    assert found is not None
    assert found.incomplete


def test_a_number_that_is_missing_makes_it_incomplete(log: Path) -> None:
    for number, day in ((3, 0), (1, 1)):
        write(log.parent / f"backend.log.{number}", *days(day))
    found = read(log)
    assert found is not None
    assert "only 1, 3 are there" in found.incomplete


def test_a_tool_that_is_not_installed_makes_it_incomplete(log: Path, tmp_path: Path) -> None:
    write(log.parent / "backend.log-20261122", *days(0))
    subprocess.run(("xz", write(log.parent / "backend.log-20261123", *days(1), error(1))), check=True)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "find", "sort", "awk", "od", "tr", "stat", "dirname", "basename", "cat", "head", "cksum"):
        (tools / name).symlink_to(str(shutil.which(name)))
    found = read(log, PATH=str(tools))
    assert found is not None
    assert "xz is not installed" in found.incomplete


def test_a_quiet_night_is_no_gap(tmp_path: Path) -> None:
    """Silence between two files that is as long as silences within them is the application's own."""
    for day in range(2):
        first, _ = days(day)
        times = [first + timedelta(hours=hours) for hours in (7, 8, 12, 18)]
        path = tmp_path / ("backend.log.1" if day == 0 else "backend.log")
        path.write_text("".join(line(at) + "\n" for at in [first, *times]))
        os.utime(path, (times[-1].timestamp(),) * 2)
    found = read(tmp_path / "backend.log")
    assert found is not None
    assert found.incomplete == ""


def test_a_log_that_begins_after_the_moment_proves_nothing(log: Path) -> None:
    found = read(log)
    assert found is not None
    assert "begins at 2026-11-24 00:00:00" in found.incomplete
    assert str(found.kept_since) == "2026-11-24 00:00:00+00:00"


@pytest.mark.parametrize("text", ["", "ERROR without a time\n", "\n\n", "{}\n"])
def test_a_log_without_times_proves_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "backend.log").write_text(text)
    found = read(tmp_path / "backend.log")
    assert found is not None
    assert (found.lines, found.incomplete) == ((), "no line of the log has a time")


def test_no_log_is_none_and_not_an_empty_one(tmp_path: Path) -> None:
    assert read(tmp_path / "backend.log") is None
    silent = ScriptedConnections(commands={ENVIRONMENT.logs["backend"].path or "": (66, "")})
    assert errors_since(ENVIRONMENT, SINCE).fetch(silent) is None  # type: ignore[arg-type]


def test_the_log_is_the_environments_and_one_without_any_asks_nothing() -> None:
    moved = {"app": LogFile(kind="application", format="json", path="/srv/logs/app.log")}
    asked = ScriptedConnections(commands={"/srv/logs/app.log": (66, "")})
    assert errors_since(ENVIRONMENT.model_copy(update={"logs": moved}), SINCE).fetch(asked) is None
    assert errors_since(ENVIRONMENT.model_copy(update={"logs": {}}), SINCE).fetch(ScriptedConnections()) is None


def test_more_than_a_screenful_of_large_lines_is_read_to_the_first(tmp_path: Path) -> None:
    log = write(tmp_path / "backend.log", *days(0))
    filler = "x" * 100_000
    lines = [line(SINCE - timedelta(hours=1)), error(0, "far from the end"),
             *(line(SINCE.replace(hour=18), message=filler) for _ in range(300))]
    log.write_text("\n".join(lines) + "\n")
    assert messages(log) == ["far from the end"]


def test_old_lines_do_not_count_and_levels_of_any_case_do(tmp_path: Path) -> None:
    log = write(tmp_path / "backend.log", *days(0), line(SINCE - timedelta(hours=5), "ERROR", "old"),
                line(SINCE + timedelta(hours=1), "INFO", "about ERROR handling"),
                line(SINCE + timedelta(hours=1), "error", "lower case"),
                line(SINCE + timedelta(hours=1), "INFO", '"level": "ERROR"'),
                line(SINCE + timedelta(hours=1), "CRITICAL", "worse", request_id="r1"))
    assert messages(log) == ["lower case", "worse"]


def test_text_lines_with_a_time_of_their_own_count_by_it(tmp_path: Path) -> None:
    log = write(tmp_path / "backend.log", *days(0), "2026-11-22 15:59:59,000 ERROR old", "2026-11-22 16:00:00,000 ERROR new",
                '2026-11-22 16:00:01 "GET /?q=ERROR HTTP/1.1" 200', "GET /?q=ERROR 200", "[2026-11-22 16:05:00 +0000] [7] [ERROR] x")
    assert messages(log) == ["2026-11-22 16:00:00,000 ERROR new", "[2026-11-22 16:05:00 +0000] [7] [ERROR] x"]


def test_an_undated_trace_is_dated_by_its_neighbours(tmp_path: Path) -> None:
    log = tmp_path / "backend.log"
    trace = "Traceback (most recent call last):"
    old, new = SINCE - timedelta(minutes=5), SINCE + timedelta(minutes=5)
    log.write_text("\n".join(["ERROR before everything", line(old), trace, line(old), line(new), "CRITICAL: died", line(new)]) + "\n")
    assert messages(log) == ["CRITICAL: died"]


def test_an_undated_line_that_may_be_from_before_the_moment_is_shown_without_a_time(tmp_path: Path) -> None:
    log = tmp_path / "backend.log"
    old, new = SINCE - timedelta(minutes=5), SINCE + timedelta(minutes=5)
    for lines in ([line(old), "CRITICAL: died", line(new)], [line(old), "CRITICAL: died"]):
        log.write_text("\n".join(lines) + "\n")
        found = read(log)
        assert found is not None
        assert [(one.at, one.level, one.message) for one in found.lines] == [(None, "CRITICAL", "CRITICAL: died")]


def test_log_text_is_never_run_and_passes_for_none_of_our_lines(tmp_path: Path) -> None:
    mark = tmp_path / "owned"
    log = write(tmp_path / "backend.log", *days(0), f"G $(touch {mark})", f"B `touch {mark}`; touch {mark}", "F elsewhere",
                line(SINCE + timedelta(hours=1), "ERROR", f"$(touch {mark})"))
    write(tmp_path / f"backend.log-$(touch {mark.name})1", *days(0))
    found = read(log)
    assert found is not None
    assert not mark.exists()
    assert len(found.files) == 2
    assert found.incomplete == ""


def test_a_rotation_with_a_line_feed_in_a_files_name_is_no_line_of_ours(tmp_path: Path) -> None:
    log = write(tmp_path / "backend.log", *days(0))
    write(tmp_path / "backend.log-1\nX forged", *days(0))
    found = read(log)
    assert found is not None
    assert found.lines == ()
