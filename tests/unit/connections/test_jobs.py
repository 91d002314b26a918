"""Detached jobs, run by a real bash on this machine: outcomes are read, never guessed."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections import jobs
from runbook_lib.connections.job_program import CLAIM, FOLLOW, START, STOP, job_program
from runbook_lib.core.commands import Command, Pipeline, WriteFile
from runbook_lib.core.errors import HostUnreachable, LinkDropped, Refused, StepFailed
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import StepState
from runbook_lib.core.redaction import Secret

_spec = spec_from_file_location("local_server", Path(__file__).with_name("local_server.py"))
assert _spec is not None
local_server = module_from_spec(_spec)
_spec.loader.exec_module(local_server)


@pytest.fixture
def server(tmp_path: Path) -> Any:
    return local_server.LocalServer(tmp_path)


def done(server: Any, action: Any, folder: str = "run/step", **options: Any) -> jobs.JobOutcome:
    return jobs.wait(jobs.start(server, action, folder), **options)


def sh(text: str, **options: Any) -> Command:
    return Command(("sh", "-c", text), **options)


def test_a_job_that_passes_says_so(server: Any) -> None:
    outcome = done(server, sh("echo out; echo err >&2"))
    assert (outcome.state, outcome.exit_code) == (StepState.PASSED, 0)
    assert (outcome.stdout_tail, outcome.stderr_tail) == ("out\n", "err\n")


def test_a_job_that_fails_gives_its_own_exit_code(server: Any) -> None:
    outcome = done(server, sh("exit 41"))
    assert (outcome.state, outcome.exit_code, outcome.message) == (StepState.FAILED, 41, "exit code 41")


def test_an_accepted_exit_code_passes(server: Any) -> None:
    assert done(server, sh("exit 1", accepts=(0, 1))).state is StepState.PASSED


def test_output_is_heard_while_it_comes(server: Any) -> None:
    heard: list[tuple[str, str]] = []
    done(server, sh("echo a; sleep 0.3; echo b"), on_output=lambda stream, text: heard.append((stream, text)))
    assert heard == [("out", "a\n"), ("out", "b\n")]


def test_standard_input_arrives_and_its_file_is_gone(server: Any, tmp_path: Path) -> None:
    outcome = done(
        server, sh("cat; ls -A .runbook/jobs/run/step", stdin=Secret("X", "s3cret-value"), cwd=str(tmp_path))
    )
    assert outcome.stdout_tail.startswith("s3cret-value")
    assert "stdin" not in outcome.stdout_tail


def test_no_file_of_a_job_holds_its_secret_and_none_is_readable_by_others(server: Any, tmp_path: Path) -> None:
    done(server, WriteFile(str(tmp_path / "secrets"), Secret("X", "s3cret-value"), 0o600))
    for file in (tmp_path / ".runbook/jobs/run/step").iterdir():
        assert b"s3cret-value" not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0
    assert (tmp_path / "secrets").read_text() == "s3cret-value"
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o600


def test_without_standard_input_a_program_reads_nothing(server: Any) -> None:
    assert done(server, Command(("cat",))).stdout_tail == ""


def test_files_that_a_command_makes_are_readable_by_services(server: Any, tmp_path: Path) -> None:
    done(server, Command(("touch", "made"), cwd=str(tmp_path)))
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o644


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


@pytest.mark.slow
def test_the_server_itself_ends_a_job_that_runs_too_long(server: Any) -> None:
    outcome = done(server, sh("echo begun; sleep 30 & sleep 30", timeout_s=0.5))
    assert outcome.state is StepState.TIMED_OUT
    assert outcome.stdout_tail == "begun\n"
    assert outcome.seconds < 30


def test_a_job_can_be_stopped_with_everything_it_started(server: Any, tmp_path: Path) -> None:
    job = jobs.start(server, sh("sleep 987 & echo $! > child; sleep 987", cwd=str(tmp_path)), "run/step")
    child = tmp_path / "child"
    assert local_server.eventually(lambda: child.exists() and bool(child.read_text()))
    outcome = jobs.stop(job)
    assert outcome.state is StepState.ABORTED
    assert local_server.eventually(lambda: not alive(int(child.read_text())))


def test_waiting_shorter_than_the_job_stops_it(server: Any) -> None:
    assert done(server, sh("sleep 30"), timeout_s=0.5).state is StepState.TIMED_OUT


def test_a_killed_supervisor_leaves_an_unknown_outcome(server: Any, tmp_path: Path) -> None:
    job = jobs.start(server, sh("sleep 30"), "run/step")
    pid = tmp_path / ".runbook/jobs/run/step/pid"
    assert local_server.eventually(pid.exists)
    os.kill(int(pid.read_text().split()[0]), signal.SIGKILL)
    outcome = jobs.wait(job)
    assert (outcome.state, outcome.exit_code) == (StepState.UNKNOWN, None)
    assert "left no exit code" in outcome.message
    assert jobs.stop(job).state is StepState.UNKNOWN
    left = subprocess.run(["pgrep", "-s", pid.read_text().split()[0]], capture_output=True, text=True).stdout.split()
    assert local_server.eventually(lambda: not any(alive(int(one)) for one in left))


def test_an_exit_file_that_is_garbage_is_unknown(server: Any, tmp_path: Path) -> None:
    job = jobs.start(server, sh("true"), "run/step")
    assert jobs.wait(job).state is StepState.PASSED
    (tmp_path / ".runbook/jobs/run/step/exit").write_text("0\n")
    assert jobs.wait(job).state is StepState.UNKNOWN


def test_following_goes_on_after_a_dropped_link(server: Any) -> None:
    job = jobs.start(server, sh("echo a; sleep 1; echo b; exit 7"), "run/step")
    server.before.append(local_server.drop)
    heard: list[str] = []
    outcome = jobs.wait(job, on_output=lambda stream, text: heard.append(stream))
    assert (outcome.exit_code, outcome.stdout_tail) == (7, "a\nb\n")
    assert heard[0] == "link"


def test_a_link_that_stays_away_leaves_the_outcome_unknown(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "RECONNECT_LIMIT_S", 0.6)
    job = jobs.start(server, sh("true"), "run/step")
    server.before += [local_server.drop] * 9
    outcome = jobs.wait(job)
    assert (outcome.state, outcome.exit_code) == (StepState.UNKNOWN, None)


def test_a_drop_after_the_start_does_not_start_twice(server: Any, tmp_path: Path) -> None:
    server.after.append(local_server.drop)
    job = jobs.start(server, sh("echo x >> count", cwd=str(tmp_path)), "run/step")
    assert jobs.wait(job).state is StepState.PASSED
    assert (tmp_path / "count").read_text() == "x\n"


def test_a_drop_before_the_start_starts_once(server: Any, tmp_path: Path) -> None:
    server.before.append(local_server.drop)
    job = jobs.start(server, sh("echo x >> count", cwd=str(tmp_path)), "run/step")
    assert jobs.wait(job).state is StepState.PASSED
    assert (tmp_path / "count").read_text() == "x\n"


def test_half_an_upload_never_starts(tmp_path: Path) -> None:
    words = ["bash", "-c", START, "start", str(tmp_path / "jobs/run/step"), "token", "1000", "0", "5", str(tmp_path)]
    cut = subprocess.run(words, input=b"#!/bin/bash\ntouch started", capture_output=True)
    assert cut.returncode == 1
    assert b"cut short" in cut.stderr
    assert list((tmp_path / "jobs/run").iterdir()) == []


def test_a_folder_is_never_used_twice(server: Any) -> None:
    done(server, sh("true"))
    with pytest.raises(StepFailed, match="taken"):
        jobs.start(server, sh("true"), "run/step")


def test_plan_mode_starts_nothing(server: Any, tmp_path: Path) -> None:
    server.changes_allowed = False
    with pytest.raises(Refused):
        jobs.start(server, sh("true"), "run/step")
    assert not (tmp_path / ".runbook").exists()


def test_a_gate_is_no_job(server: Any) -> None:
    with pytest.raises(TypeError):
        jobs.start(server, Gate("g", (), lambda: ()), "run/step")


def test_a_job_waits_while_another_holds_the_jobs_lock_alone(server: Any, tmp_path: Path) -> None:
    (tmp_path / ".runbook").mkdir()
    lock = tmp_path / ".runbook/jobs.lock"
    holder = subprocess.Popen(["flock", "-x", str(lock), "sleep", "1"])
    assert local_server.eventually(lambda: subprocess.run(["flock", "-n", str(lock), "true"]).returncode != 0)
    assert done(server, sh("true")).seconds > 0.5
    holder.wait()


def test_programs_do_not_inherit_the_lock_but_the_job_holds_it(server: Any, tmp_path: Path) -> None:
    lock = tmp_path / ".runbook/jobs.lock"
    command = sh(f"ls -l /proc/self/fd | grep -c jobs.lock; flock -n {lock} true; echo $?", accepts=(0,))
    assert done(server, command).stdout_tail.split() == ["0", "1"]


def test_long_output_is_fetched_at_both_ends(server: Any) -> None:
    job = jobs.start(server, sh("echo first; head -c 500000 /dev/zero | tr '\\0' x; echo last"), "run/step")
    jobs.wait(job)
    out, err = jobs.output(job, limit_bytes=100)
    assert out.startswith("first\n")
    assert out.endswith("last\n")
    assert "left out" in out
    assert len(out) < 300
    assert err == ""


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


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def stop_asked(doing: str) -> None:
    raise KeyboardInterrupt


def test_ctrl_c_while_a_job_starts_gives_the_job_that_is_at_work(server: Any) -> None:
    server.after = [stop_asked]
    with pytest.raises(jobs.StartInterrupted) as caught:
        jobs.start(server, sh("sleep 60"), "run/step")
    assert jobs.stop(caught.value.job).state is StepState.ABORTED


def test_ctrl_c_before_a_job_started_withdraws_it(server: Any, tmp_path: Path) -> None:
    server.before = [stop_asked]
    with pytest.raises(KeyboardInterrupt) as caught:
        jobs.start(server, sh("touch made"), "run/step")
    assert not isinstance(caught.value, jobs.StartInterrupted)
    assert not (tmp_path / ".runbook" / "jobs" / "run" / "step").exists()


def test_what_has_not_begun_is_tried_again_until_the_server_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "FIRST_PAUSE_S", 0.01)
    away, told = [HostUnreachable("The server refuses connections."), HostUnreachable("It still does.")], []

    def begin() -> str:
        if away:
            raise away.pop(0)
        return "begun"

    assert jobs.retry_while_unreachable(begin, told.append) == "begun"
    assert told == ["The server refuses connections. Trying again in 0.01 s.\n", "It still does. Trying again in 0.02 s.\n"]


@pytest.mark.parametrize("error", [HostUnreachable, LinkDropped])
def test_a_server_that_stays_away_and_a_link_that_drops_on_the_way_are_said_to_be_so(
    monkeypatch: pytest.MonkeyPatch, error: type[HostUnreachable | LinkDropped]
) -> None:
    monkeypatch.setattr(jobs, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(jobs, "RECONNECT_LIMIT_S", 0.05)
    tried: list[int] = []

    def begin() -> None:
        tried.append(1)
        raise error("away")

    with pytest.raises(error):
        jobs.retry_while_unreachable(begin, lambda text: None)
    assert (len(tried) > 1) is (error is HostUnreachable)
