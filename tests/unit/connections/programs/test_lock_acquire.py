"""The holder of the lock prunes old job folders on the server, and none that may still be needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.resilience.runner import wait_for
from runbook_lib.connections.lock.holding import ACQUIRE

DAY_S = 86_400
MINE = "20261122T200000Z-aaaaaa"


def job_folder(home: Path, run_id: str, *, days: float, ended: bool = True) -> Path:
    """The folder of a run whose only job began so many days ago."""
    run = home / ".runbook/jobs" / run_id
    (run / "dump-1").mkdir(parents=True)
    (run / "dump-1/out").write_text("output\n")
    if ended:
        (run / "dump-1/exit").write_text("{}")
    then = time.time() - days * DAY_S
    os.utime(run, (then, then))
    return run


def take_and_release(home: Path, *, keep_runs: int = 2, keep_days: int = 30, silent_s: str = "5", run_id: str = MINE,
                     known: str = "0", project: str = "", variables: str = ".env") -> str:
    words = ("bash", "-c", ACQUIRE, "lock", str(home), run_id, silent_s, str(keep_runs), str(keep_days), known, project, variables)
    done = subprocess.run(words, input='{"owner": "anna"}\n', text=True, capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.strip()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Five old runs and a young one; the two newest by name are kept whatever their age."""
    for month in range(1, 6):
        job_folder(tmp_path, f"20260{month}01T000000Z-abc{month}", days=200 - 30 * month)
    job_folder(tmp_path, "20260101T000001Z-abcdef", days=3)
    return tmp_path


def runs(home: Path) -> list[str]:
    return sorted(path.name[:8] for path in (home / ".runbook/jobs").iterdir())


def test_old_job_folders_go_and_the_newest_stay_whatever_their_age(home: Path) -> None:
    assert take_and_release(home) == "taken 1"
    assert runs(home) == ["20260101", "20260401", "20260501"]  # of January the young one


def test_nothing_goes_while_there_are_few(home: Path) -> None:
    take_and_release(home, keep_runs=50)
    assert len(runs(home)) == 6


def test_a_run_with_a_job_that_has_no_end_stays(home: Path) -> None:
    unreconciled = job_folder(home, "20250101T000000Z-abc", days=300, ended=False)
    take_and_release(home)
    assert unreconciled.exists()


def test_tidying_that_outlives_its_holder_keeps_nobody_out(home: Path) -> None:
    slow = home / "programs/find"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\ntouch begun\nexec sleep 30\n")
    slow.chmod(0o755)
    words = ("bash", "-c", ACQUIRE, "lock", str(home), MINE, "60", "2", "30", "0")
    holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                              env={"PATH": f"{slow.parent}:{os.environ['PATH']}"})
    with holder:
        assert holder.stdin
        holder.stdin.write('{"owner": "anna"}\n')
        holder.stdin.flush()
        wait_for((home / ".runbook/begun").exists, "the tidying", 60)
        lock = str(home / ".runbook/lock")
        assert subprocess.run(("flock", "-n", lock, "true")).returncode == 1
        holder.kill()
        holder.wait()
        assert subprocess.run(("flock", "-n", lock, "true")).returncode == 0


def test_the_run_that_takes_the_lock_keeps_its_own_folder(home: Path) -> None:
    mine = job_folder(home, MINE, days=300)
    for newer in ("20270101T000000Z-abc", "20270102T000000Z-abc"):
        job_folder(home, newer, days=1)
    take_and_release(home)
    assert mine.exists()


def test_what_is_not_named_like_a_run_is_left_alone(home: Path) -> None:
    foreign = job_folder(home, "notes $(touch here)", days=300)
    take_and_release(home, keep_runs=0)
    assert foreign.exists()
    assert runs(home) == ["20260101", "notes $("]


def test_the_lock_is_free_again_when_its_holder_has_gone(home: Path) -> None:
    assert [take_and_release(home), take_and_release(home)] == ["taken 1", "taken 1"]


def test_a_server_without_jobs_is_no_trouble(tmp_path: Path) -> None:
    assert take_and_release(tmp_path) == "taken 1"


def test_the_number_grows_with_each_run_and_stays_for_the_same(tmp_path: Path) -> None:
    assert take_and_release(tmp_path) == "taken 1"
    assert take_and_release(tmp_path, known="1") == "taken 1"
    assert take_and_release(tmp_path, run_id="second") == "taken 2"
    assert (tmp_path / ".runbook/fence").read_text() == "2 second\n"


def test_a_run_that_others_have_passed_does_not_get_the_lock_back(tmp_path: Path) -> None:
    take_and_release(tmp_path)
    take_and_release(tmp_path, run_id="second")
    assert take_and_release(tmp_path, known="1") == "passed second"
    assert take_and_release(tmp_path) == "taken 3", "as a new run it does"


def test_a_record_deleted_by_hand_is_made_anew(tmp_path: Path) -> None:
    for _ in range(2):
        assert take_and_release(tmp_path, known="7") == "taken 7"
        (tmp_path / ".runbook/fence").unlink()
    (tmp_path / ".runbook/fence").write_text("garbage\n")
    assert take_and_release(tmp_path) == "taken 1"


@contextmanager
def holding(home: Path, run_id: str, known: str = "0", path: str = "") -> Iterator[subprocess.Popen[str]]:
    words = ("bash", "-c", ACQUIRE, "lock", str(home), run_id, "60", "2", "30", known)
    where = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=where) as holder:
        assert holder.stdin
        assert holder.stdout
        holder.stdin.write(f'{{"owner": "anna", "run_id": "{run_id}"}}\n')
        holder.stdin.flush()
        assert holder.stdout.readline().startswith("taken")
        yield holder
        holder.stdin.close()


def test_whoever_holds_the_lock_is_seen_by_prometheus_and_gone_with_it(tmp_path: Path) -> None:
    metrics = tmp_path / ".runbook/metrics/lock.prom"
    with holding(tmp_path, MINE):
        wait_for(metrics.exists, "the metric of the lock", 60)
        values = dict(line.rsplit(" ", 1) for line in metrics.read_text().splitlines() if not line.startswith("#"))
        assert set(values) == {f'runbook_lock_{one}_timestamp_seconds{{run="{MINE}"}}' for one in ("held_since", "heartbeat")}
        assert all(abs(time.time() - float(value)) < 600 for value in values.values())
        assert not (metrics.parent / "lock.prom.new").exists()
    assert take_and_release(tmp_path, run_id=f"{MINE}b") == "taken 2"
    assert not metrics.exists()


def test_a_run_that_takes_its_lock_again_has_held_it_since_it_began(tmp_path: Path) -> None:
    """The link dropped for a moment: an alert on hours must not begin anew each time."""
    words = ("bash", "-c", ACQUIRE, "lock", str(tmp_path), MINE, "60", "2", "30", "0", "")
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write('{"owner": "anna", "started": "2026-11-22T20:00:00Z"}\n')
        holder.stdin.flush()
        assert holder.stdout.readline() == "taken 1\n"
        text = (tmp_path / ".runbook/metrics/lock.prom").read_text()
        holder.stdin.close()
    assert f'runbook_lock_held_since_timestamp_seconds{{run="{MINE}"}} 1795377600\n' in text


def test_a_lock_is_taken_where_no_metric_can_be_written(tmp_path: Path) -> None:
    (tmp_path / ".runbook").mkdir()
    (tmp_path / ".runbook/metrics").write_text("in the way")
    assert take_and_release(tmp_path) == "taken 1"


def test_a_lock_file_deleted_by_hand_lets_no_second_in(tmp_path: Path) -> None:
    with holding(tmp_path, "first") as first:
        for _ in range(2):
            (tmp_path / ".runbook/lock").unlink()
            assert take_and_release(tmp_path, run_id="second").startswith("held ")
            assert first.stdin
            first.stdin.write("\n")  # a heartbeat: the holder locks the new file
            first.stdin.flush()
            lock = str(tmp_path / ".runbook/lock")
            wait_for(lambda: subprocess.run(("flock", "-n", lock, "true")).returncode == 1, "the new lock", 60)  # noqa: B023
        assert first.poll() is None
    assert take_and_release(tmp_path, run_id="second") == "taken 2"


def test_a_lock_file_deleted_again_in_the_moment_it_is_locked_ends_no_run(tmp_path: Path) -> None:
    deleting = tmp_path / "bin/flock"
    deleting.parent.mkdir()
    deleting.write_text(f'#!/bin/sh\n{shutil.which("flock")} "$@" || exit\n'
                        f'if [ -e {tmp_path}/armed ]; then rm {tmp_path}/armed {tmp_path}/.runbook/lock; fi\n')
    deleting.chmod(0o755)
    with holding(tmp_path, "first", path=str(deleting.parent)) as first:
        assert first.stdin
        (tmp_path / "armed").touch()
        (tmp_path / ".runbook/lock").unlink()
        first.stdin.write("\n")
        first.stdin.flush()
        wait_for(lambda: first.poll() is not None or (not (tmp_path / "armed").exists()
                 and (tmp_path / ".runbook/lock").exists()), "the new lock", 60)
        assert take_and_release(tmp_path, run_id="second").startswith("held ")
        assert first.poll() is None


def test_a_deleted_jobs_lock_does_not_hide_a_running_job(tmp_path: Path) -> None:
    running = job_folder(tmp_path, "20260101T000000Z-abc", days=0, ended=False)
    with subprocess.Popen(("sleep", "60"), start_new_session=True) as job:
        (running / "dump-1/pid").write_text(f"{job.pid} 1\n")
        assert take_and_release(tmp_path) == "busy jobs/20260101T000000Z-abc/dump-1"
        assert take_and_release(tmp_path, run_id="20260101T000000Z-abc") == "taken 1"
        job.kill()


def test_a_run_takes_its_lock_from_its_own_holder_behind_a_dead_link(tmp_path: Path) -> None:
    with holding(tmp_path, MINE) as old:
        assert take_and_release(tmp_path, known="1") == "taken 1"
        assert old.wait(60) != 0


def test_another_runs_holder_is_never_ended(tmp_path: Path) -> None:
    with holding(tmp_path, "first") as old:
        assert take_and_release(tmp_path, run_id="second").startswith('held {"owner": "anna"')
        assert old.poll() is None


def test_a_process_id_that_was_reused_is_not_a_holder(tmp_path: Path) -> None:
    (tmp_path / ".runbook").mkdir()
    (tmp_path / ".runbook/lock.json").write_text(f'{{"run_id": "x", "pid": {os.getpid()}, "born": 1, "heartbeat": ""}}\n')
    assert take_and_release(tmp_path) == "taken 1"


@pytest.mark.parametrize("line", ["COMPOSE_PROJECT_NAME=theirs", "COMPOSE_PROJECT_NAME='theirs'", 'COMPOSE_PROJECT_NAME="theirs"\r',
                                  "export COMPOSE_PROJECT_NAME=theirs", "COMPOSE_PROJECT_NAME=ours\nCOMPOSE_PROJECT_NAME=theirs ",
                                  "COMPOSE_PROJECT_NAME = theirs", "COMPOSE_PROJECT_NAME: theirs # since May"])
def test_the_folder_of_another_project_is_refused_and_left_as_it_is(tmp_path: Path, line: str) -> None:
    """Its schedules, its upstreams and its lock are that one's: 30, 33 and 34 read nothing else that would show it."""
    (tmp_path / ".env").write_text(f"A=1\n{line}\nB=2\n", newline="")
    assert take_and_release(tmp_path, project="ours") == "other theirs"
    assert [one.name for one in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize("text", [None, "", "COMPOSE_PROJECT_NAME=ours\n", "COMPOSE_PROJECT_NAME=\n", "#COMPOSE_PROJECT_NAME=theirs\n",
                                  "MY_COMPOSE_PROJECT_NAME=theirs\n", "COMPOSE_PROJECT_NAME=ours # the project\n",
                                  "COMPOSE_PROJECT_NAME= 'ours' # x\n", "COMPOSE_PROJECT_NAME=${PROJECT}\n", "COMPOSE_PROJECT_NAME=${PROJECT:-ours}\n",
                                  'COMPOSE_PROJECT_NAME="$PROJECT-staging" # by branch\n'])
def test_the_projects_own_folder_and_one_without_a_project_are_not_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / ".env").write_text(text)
    assert take_and_release(tmp_path, project="ours") == "taken 1"


def test_a_run_that_takes_its_lock_again_is_not_asked_again(tmp_path: Path) -> None:
    """Between two of its steps a release may have put a `.env` of its own there; the undo needs the lock."""
    assert take_and_release(tmp_path, project="ours") == "taken 1"
    (tmp_path / ".env").write_text("COMPOSE_PROJECT_NAME=theirs\n")
    assert take_and_release(tmp_path, project="ours", known="1") == "taken 1"


def test_the_applications_own_name_of_a_project_counts_where_no_file_of_ours_names_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COMPOSE_PROJECT_NAME=dev\n")
    assert take_and_release(tmp_path, project="shop") == "other dev"
    assert take_and_release(tmp_path, project="shop", variables=".runbook/variables.env") == "taken 1"
    (tmp_path / ".runbook/theirs.env").write_text("COMPOSE_PROJECT_NAME=another\n")
    assert take_and_release(tmp_path, project="shop", variables=".runbook/variables.env") == "other another"
