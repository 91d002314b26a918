"""Which lines of a log are severe, whoever wrote it: the program that runs on the server, on real files."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runbook_lib.platform.facts.logs import PROGRAM, SevereLines, parse_lines

SINCE = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)


def read(folder: Path, *lines: str) -> SevereLines:
    """The severe lines of a log with these lines, and one before and one after them."""
    around = [f'{{"time": "{at:%Y-%m-%dT%H:%M:%SZ}", "level": "info", "msg": "ok"}}' for at in (SINCE - timedelta(hours=1), SINCE + timedelta(hours=1))]
    (folder / "app.log").write_text("\n".join([around[0], *lines, around[1]]) + "\n", encoding="utf-8")
    done = subprocess.run(("bash", "-s", "--", str(folder / "app.log"), str(int(SINCE.timestamp())), "4000", "2000"), input=PROGRAM,
                          capture_output=True, text=True, check=True, timeout=120)
    return parse_lines(done.stdout.split("\n"), SINCE)


@pytest.mark.parametrize("level", ['"error"', '"ERROR"', '"err"', '"Critical"', '"crit"', '"fatal"', '"panic"', '"dpanic"', '"ALERT"', '"emerg"',
                                   '"EMERGENCY"', "50", "60"])
def test_the_severe_levels_of_every_writer_count(tmp_path: Path, level: str) -> None:
    found = read(tmp_path, f'{{"level": {level},"time": "2026-11-27T20:30:00Z", "msg": "boom"}}')
    assert [(line.message, line.at) for line in found.lines] == [("boom", SINCE + timedelta(minutes=30))]


@pytest.mark.parametrize("level", ['"info"', '"warning"', '"warn"', '"debug"', '"errors"', "30", "40", "500", "5"])
def test_lesser_levels_do_not(tmp_path: Path, level: str) -> None:
    assert read(tmp_path, f'{{"level": {level},"time": "2026-11-27T20:30:00Z", "msg": "the error level"}}').lines == ()


@pytest.mark.parametrize("line", ["2026-11-27 20:30:00 \x1b[31mERROR\x1b[0m boom", "\x1b[32m2026-11-27 20:30:00\x1b[0m \x1b[1;31mCRITICAL\x1b[m boom"])
def test_colours_hide_no_error(tmp_path: Path, line: str) -> None:
    assert [one.at for one in read(tmp_path, line).lines] == [SINCE + timedelta(minutes=30)]
