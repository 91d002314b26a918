"""The script of a detached job: quoting, pipelines, files and the lock, run by a real bash."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections import jobs
from runbook_lib.connections.jobs.following import FOLLOW, STOP
from runbook_lib.connections.jobs.program import job_program
from runbook_lib.connections.jobs.starting import CLAIM, START
from runbook_lib.core.commands import Command, Pipeline, WriteFile
from runbook_lib.core.plan import StepState
from tests.unit.connections.local_server import done, eventually, locked, sh


def test_hostile_words_stay_words(server: Any, tmp_path: Path) -> None:
    words = ("$(touch owned)", "`touch owned`", "a;touch owned", "'\"", "x\ny")
    outcome = done(server, Command(("printf", r"%s|", *words), cwd=str(tmp_path)))
    assert outcome.stdout_tail == "".join(f"{word}|" for word in words)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    ("stages", "code", "state"),
    [
        (("exit 0", "exit 0"), 0, StepState.PASSED),
        (("exit 3", "cat"), 3, StepState.FAILED),
        (("echo x", "exit 4"), 4, StepState.FAILED),
        (("yes", "exit 5"), 5, StepState.FAILED),
        (("echo a", "exit 6", "cat"), 6, StepState.FAILED),
        (("yes", "head -n 1 >/dev/null"), 141, StepState.FAILED),
    ],
)
def test_a_pipeline_fails_when_any_stage_fails(
    server: Any, stages: tuple[str, ...], code: int, state: StepState
) -> None:
    outcome = done(server, Pipeline(tuple(sh(stage) for stage in stages)))
    assert (outcome.exit_code, outcome.state) == (code, state)


def test_a_pipeline_stage_may_accept_its_reader_leaving(server: Any) -> None:
    assert done(server, Pipeline((sh("yes", accepts=(0, 141)), sh("head -n 1")))).state is StepState.PASSED


def test_a_pipeline_writes_its_output_for_us_alone(server: Any, tmp_path: Path) -> None:
    target = tmp_path / "it's a dump.gz"
    outcome = done(server, Pipeline((sh("cat", stdin="rows"), Command(("gzip",))), to=str(target)))
    assert outcome.state is StepState.PASSED
    assert gzip.decompress(target.read_bytes()) == b"rows"
    assert target.stat().st_mode & 0o777 == 0o600


def test_only_the_first_stage_has_an_input_of_its_own() -> None:
    with pytest.raises(ValueError, match="first command"):
        job_program(Pipeline((sh("a"), sh("b", stdin="x"))), "t")


def test_a_file_is_replaced_whole_or_not_at_all(server: Any, tmp_path: Path) -> None:
    target = tmp_path / "active.conf"
    target.write_text("old")
    assert done(server, WriteFile(str(target), "new"), "run/a").state is StepState.PASSED
    assert target.read_text() == "new"
    assert done(server, WriteFile(str(tmp_path / "missing/x"), "new"), "run/b").state is StepState.FAILED
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".active")] == []


def test_files_that_a_command_makes_are_readable_by_services(server: Any, tmp_path: Path) -> None:
    done(server, Command(("touch", "made"), cwd=str(tmp_path)))
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o644


def test_without_standard_input_a_program_reads_nothing(server: Any) -> None:
    assert done(server, Command(("cat",))).stdout_tail == ""


def test_programs_do_not_inherit_the_lock_but_the_job_holds_it(server: Any, tmp_path: Path) -> None:
    lock = tmp_path / ".runbook/jobs.lock"
    command = sh(f"ls -l /proc/self/fd | grep -c jobs.lock; flock -n {lock} true; echo $?", accepts=(0,))
    assert done(server, command).stdout_tail.split() == ["0", "1"]


def test_a_job_waits_while_another_holds_the_jobs_lock_alone(server: Any, tmp_path: Path) -> None:
    made, pid = tmp_path / "made", tmp_path / ".runbook/jobs/run/step/pid"
    with locked(tmp_path / ".runbook/jobs.lock"):
        job = jobs.start(server, sh(f"touch {made}"), "run/step")
        assert eventually(pid.exists)
        waits = ["pgrep", "-x", "-P", pid.read_text().split()[0], "flock"]
        assert eventually(lambda: subprocess.run(waits, stdout=subprocess.DEVNULL).returncode == 0)
        assert not made.exists()
    assert jobs.wait(job).state is StepState.PASSED
    assert made.exists()


@pytest.mark.parametrize(
    "program",
    [
        START,
        CLAIM,
        FOLLOW,
        STOP,
        job_program(Command(("a", "b c")), "t"),
        job_program(WriteFile("/a/b", "c"), "t"),
        job_program(Pipeline((sh("a"), sh("b")), to="/x y"), "t"),
    ],
)
def test_shellcheck_finds_no_error_in_the_programs(program: str, tmp_path: Path) -> None:
    (tmp_path / "program.sh").write_text(program)
    checker = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run(
        [
            checker,
            "--shell=bash",
            "--severity=warning",
            "--exclude=SC2086,SC2034,SC2162,SC2178,SC2128",
            str(tmp_path / "program.sh"),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
