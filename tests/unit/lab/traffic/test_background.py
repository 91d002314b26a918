"""The background load is followed second by second, and leaves its result when it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.instance import Instance
from lab.traffic import background
from lab.traffic.background import Load
from lab.traffic.counters import Counters


def load(script: str) -> Load:
    words = (sys.executable, "-uc", script)
    return Load(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))


SECONDS = "\n".join(f"print('second {number} 10 {failed}')" for number, failed in enumerate((0, 3, 0, 0)))
WAIT = "\nimport time; time.sleep(60)"


def test_settled_seconds_are_counted_while_it_runs(tmp_path: Path) -> None:
    running = load(SECONDS + WAIT)
    assert running.wait_until_settled(4, 120)
    assert running.seconds == 4
    assert (running.since(0), running.since(2)) == ((40, 3, 1), (20, 0, 0))
    assert running.wait_until_settled(5, 0.1) is False
    running.end(tmp_path / "result.json")


def test_clean_seconds_count_from_now_on(tmp_path: Path) -> None:
    running = load("import time, itertools\nfor n in itertools.count():\n    print(f'second {n} 10 {n < 2:d}'); time.sleep(0.05)")
    assert running.wait_until_clean(3, 120)
    assert running.seconds >= 5
    running.end(tmp_path / "result.json")
    assert running.wait_until_clean(100_000, 120) is False, "it has ended"


def test_the_result_is_read_when_it_ends(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    counters = Counters(1000.0, 1.0)
    counters.begin(0.0, 0.0, post=False)
    counters.end(0.0, 0.01, "GET /")
    counters.result().write(out)
    running = load(SECONDS)
    with pytest.raises(LabError, match="left no result"):
        running.result  # noqa: B018
    running.end(out)
    assert running.result.sent == 1


def test_a_load_that_died_reports_its_last_lines(tmp_path: Path) -> None:
    running = load("print('no such instance')")
    assert running.wait_until_settled(1, 120) is False
    running.end(tmp_path / "result.json")
    with pytest.raises(LabError, match=r"left no result\.\nno such instance"):
        running.result  # noqa: B018


def test_a_load_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "START_TIMEOUT_S", 0.1)
    monkeypatch.setattr("lab.traffic.background.sys.executable", "/bin/false")
    with pytest.raises(LabError, match="The load did not start"), background.background_load(Instance("double"), 1.0):
        pytest.fail("the block must not begin")
