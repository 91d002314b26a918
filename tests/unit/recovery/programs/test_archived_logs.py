"""Rotated logs in the backup of 33: whatever logrotate calls them, however often a day it runs, whatever compresses them."""

from __future__ import annotations

import gzip
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.recovery.programs.configuration_server import Server

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "gw2").mkdir()
    return tmp_path / "gw2"


def add(file: Path, text: str, hours: int = 0) -> None:
    file.write_text(text)
    at = (NOON + timedelta(hours=hours)).timestamp()
    os.utime(file, (at, at))


def kept(server: Server, logs: Path) -> dict[str, str]:
    """The archived logs and their text after one more night."""
    folder = logs.parent / "kept"
    done = server.step("logs", str(folder), "30", str(logs))
    assert done.returncode == 0, done.stderr
    return {one.name: gzip.decompress(one.read_bytes()).decode() for one in sorted(folder.glob("*/*"))}


@pytest.mark.parametrize("names", [
    ("app.log.3", "app.log.2", "app.log.1"),
    ("app.log-{:%Y%m%d}10", "app.log-{:%Y%m%d}11", "app.log-{:%Y%m%d}12"),
    ("app.log-{:%Y%m%d}-1795809600", "app.log-{:%Y%m%d}-1795813200", "app.log-{:%Y%m%d}-1795816800"),
    ("app-{:%Y%m%d}-10.log", "app-{:%Y%m%d}-11.log", "app-{:%Y%m%d}-12.log"),
    ("app.3.log", "app.2.log", "app.1.log"),
])
def test_a_log_that_is_rotated_more_than_once_a_day_is_kept_whole(server: Server, logs: Path, names: tuple[str, ...]) -> None:
    """Only the first file of each day was archived: `hourly` and `size` lost all the others, and nothing showed it."""
    add(logs / "app.log", "now\n", 4)
    for number, name in enumerate(names):
        add(logs / name.format(NOON), f"{number}\n", number)
    found = kept(server, logs)
    assert sorted(found.values()) == ["0\n", "1\n", "2\n"], found
    assert all(name.endswith(f"-{NOON:%Y%m%d}.gz") for name in found), "by which they expire"
    assert kept(server, logs) == found, "another night archives none of them again"


def test_numbers_that_move_on_archive_nothing_twice(server: Server, logs: Path) -> None:
    add(logs / "app.log.1", "first\n", 0)
    before = kept(server, logs)
    (logs / "app.log.1").rename(logs / "app.log.2")
    subprocess.run(("gzip", str(logs / "app.log.2")), check=True)
    add(logs / "app.log.1", "second\n", 1)
    after = kept(server, logs)
    assert sorted(after.values()) == ["first\n", "second\n"] and before.items() <= after.items()


def test_what_an_earlier_version_has_archived_is_known_by_its_lines(server: Server, logs: Path) -> None:
    add(logs / "app.log.1", "first\n")
    (found,) = kept(server, logs)
    os.utime(logs.parent / "kept/gw2" / found)
    assert list(kept(server, logs)) == [found]


def test_a_log_that_is_written_now_is_none_of_the_rotated_ones(server: Server, logs: Path) -> None:
    add(logs / "worker-2.log", "now\n")
    assert kept(server, logs) == {}


@pytest.mark.parametrize(("tool", "suffix"), [("xz", ".xz"), ("bzip2", ".bz2"), ("zstd", ".zst")])
def test_a_log_is_kept_as_text_whatever_had_compressed_it(server: Server, logs: Path, tool: str, suffix: str) -> None:
    add(logs / f"app.log-{NOON:%Y%m%d}", "line\n")
    subprocess.run((tool, "-q", str(logs / f"app.log-{NOON:%Y%m%d}")), check=True)
    (logs / f"app.log-{NOON:%Y%m%d}").unlink(missing_ok=True)
    assert kept(server, logs) == {f"app.log-{NOON:%Y%m%d}.gz": "line\n"}
