from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import CommandFailed
from lab.processes import failed, output, pipe, run, succeeds


def test_a_failure_shows_the_last_lines_and_where_the_log_is(tmp_path: Path) -> None:
    log = tmp_path / "step.log"
    with pytest.raises(CommandFailed) as failure:
        run(("sh", "-c", "echo something broke; exit 3"), log)
    assert "exit code 3" in str(failure.value)
    assert "something broke" in str(failure.value)
    assert str(log) in str(failure.value)


def test_a_pipe_fails_when_its_first_program_does(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="exit code 4"):
        pipe(("sh", "-c", "echo half; exit 4"), ("cat",), tmp_path / "pipe.log")


def test_a_pipe_fails_when_its_second_program_does(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="exit code 5"):
        pipe(("echo", "whole"), ("sh", "-c", "cat > /dev/null; exit 5"), tmp_path / "pipe.log")


def test_a_program_that_is_not_installed_is_named() -> None:
    with pytest.raises(CommandFailed, match="no-such-program is not installed"):
        output(("no-such-program",))


def test_a_program_past_its_time_is_not_a_success() -> None:
    assert not succeeds(("sleep", "5"), timeout_s=0.1)


def test_a_failure_whose_log_is_gone_is_still_that_failure(tmp_path: Path) -> None:
    assert "did not end within 5 s" in failed(("sleep", "9"), "did not end within 5 s", tmp_path / "gone.log").args[0]
