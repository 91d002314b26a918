"""The job wrapper, run by bash in a folder: when a job runs, what it leaves for Prometheus, and who holds the lock."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.ports import unused_port
from tests.unit.connections.local_server import eventually, locked

WRAPPER = Path(__file__).parents[4] / "runbook_lib/recovery/programs/job_wrapper.sh"


class Job:
    """A scheduled job in a folder of its own, every day at a time that is twelve hours away."""

    def __init__(self, place: Path, steps: str, wait_s: int = 1, served: str = "") -> None:
        self.place, self.state = place, place / ".runbook/scheduled"
        self.state.mkdir(parents=True, exist_ok=True)
        self.launcher = place / "job"
        offset_s = (int(time.time()) + 43_200) % 86_400
        self.launcher.write_text(
            f"name=nightly project=ours directory={place} every_s=86400 offset_s={offset_s} wait_s={wait_s} served={served}\n"
            f"steps() {{ {steps}; }}\n. {WRAPPER}\n"
        )

    def run(self, *words: str) -> int:
        return subprocess.run(("bash", str(self.launcher), *words), capture_output=True, timeout=60).returncode

    @property
    def status(self) -> dict[str, Any]:
        return dict(json.loads((self.state / "nightly.status.json").read_text()))

    @property
    def metric(self) -> str:
        return (self.place / ".runbook/metrics/scheduled_nightly.prom").read_text()


@pytest.mark.parametrize("there", [True, False])
def test_a_job_logs_in_the_servers_folder_where_it_may_and_its_status_names_the_file(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "logs of all"
    if there:
        folder.mkdir()
    job = Job(tmp_path, "true")
    job.launcher.write_text(f"logs='{folder}'\n" + job.launcher.read_text())
    assert job.run() == 0
    log = folder / "scheduled_ours_nightly.log" if there else job.state / "nightly.log"
    assert job.status["log"] == str(log)
    assert log.read_text() and folder.exists() is there


def test_a_job_without_a_folder_of_the_server_logs_next_to_its_programs(tmp_path: Path) -> None:
    job = Job(tmp_path, "true")
    assert job.run() == 0
    assert job.status["log"] == str(job.state / "nightly.log")


@contextmanager
def tls_server(place: Path, days: int) -> Iterator[int]:
    """The port of a server that shows a certificate of so many days to everyone who asks."""
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj", "/CN=a.example.com",
            "-keyout", str(place / "key.pem"), "-out", str(place / "certificate.pem"))
    subprocess.run(made, check=True, capture_output=True, timeout=120)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "certificate.pem", place / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve() -> None:
            # ends when the listener is closed
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with suppress(OSError), context.wrap_socket(connection, server_side=True) as wrapped:
                        wrapped.recv(1)
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_the_certificate_that_is_served_is_noted_and_the_last_one_stays_where_none_can_be_had(tmp_path: Path) -> None:
    metric = tmp_path / ".runbook/metrics/certificate.prom"
    with tls_server(tmp_path, days=30) as port:
        assert Job(tmp_path, "true", served=f"a.example.com:{port}").run() == 0
        name, value = metric.read_text().splitlines()[-1].rsplit(" ", 1)
        assert name == 'runbook_certificate_expires_timestamp_seconds{host="a.example.com"}'
        assert abs(int(value) - time.time() - 30 * 86_400) < 3600
    before = metric.read_text()
    assert Job(tmp_path, "true", served=f"a.example.com:{port}").run("--announce") == 0
    assert metric.read_text() == before


def test_a_job_notes_no_certificate_where_its_server_serves_none_and_succeeds_all_the_same(tmp_path: Path) -> None:
    for served in ("", f"a.example.com:{unused_port()}"):
        assert Job(tmp_path, "true", served=served).run() == 0
        assert not (tmp_path / ".runbook/metrics/certificate.prom").exists()


def test_a_certificate_is_asked_again_when_certbot_has_renewed_it(tmp_path: Path) -> None:
    """certbot's hook calls --announce, so that the alert does not go on until the next night."""
    metric = tmp_path / ".runbook/metrics/certificate.prom"
    metric.parent.mkdir(parents=True)
    metric.write_text("old\n")
    with tls_server(tmp_path, days=90) as port:
        assert Job(tmp_path, "false", served=f"a.example.com:{port}").run("--announce") == 0
    assert "a.example.com" in metric.read_text()


def test_prometheus_sees_the_lock_while_a_job_holds_it(tmp_path: Path) -> None:
    job = Job(tmp_path, "cp .runbook/metrics/lock.prom seen")
    job.launcher.write_text(f"cd {tmp_path}; " + job.launcher.read_text())
    assert job.run() == 0
    assert 'runbook_lock_held_since_timestamp_seconds{run="nightly-' in (tmp_path / "seen").read_text()
    assert 'runbook_lock_heartbeat_timestamp_seconds{run="nightly-' in (tmp_path / "seen").read_text()
    assert not (tmp_path / ".runbook/metrics/lock.prom").exists()


def test_a_success_is_recorded_in_status_and_metric(tmp_path: Path) -> None:
    job = Job(tmp_path, "step one 10 echo published /backups/x.gz && step two 10 true")
    assert job.run() == 0
    assert (job.status["outcome"], job.status["file"]) == ("succeeded", "/backups/x.gz")
    assert job.status["last_success_epoch"] == pytest.approx(time.time(), abs=30)
    assert 'runbook_scheduled_job_last_exit_code{schedule="nightly"} 0' in job.metric
    assert not (tmp_path / ".runbook/lock.json").exists()


def test_a_failure_names_its_step_and_keeps_the_last_success(tmp_path: Path) -> None:
    assert Job(tmp_path, "step one 10 true").run() == 0
    success = Job(tmp_path, "").status["last_success_epoch"]
    job = Job(tmp_path, r"""step one 10 sh -c 'echo "disk \"full\" \\ now" >&2; exit 7' && step two 10 touch never""")
    assert job.run() == 7
    assert job.status["message"] == 'one: disk "full" \\ now'
    assert (job.status["outcome"], job.status["last_success_epoch"]) == ("failed", success)
    assert 'last_exit_code{schedule="nightly"} 7' in job.metric
    assert not (tmp_path / "never").exists()


def test_a_step_that_never_ends_is_stopped(tmp_path: Path) -> None:
    job = Job(tmp_path, "step slow 1 sleep 30")
    assert job.run() == 124
    assert job.status["message"] == "slow: stopped after 1 s"


def test_a_held_environment_is_waited_for_and_then_named(tmp_path: Path) -> None:
    job = Job(tmp_path, "step one 10 touch made")
    (tmp_path / ".runbook/lock.json").write_text('{"owner": "ann", "purpose": "deploy v3", "started": "10:00"}')
    with locked(tmp_path / ".runbook/lock"):
        assert job.run() == 75
    assert job.status["outcome"] == "refused"
    assert "ann, deploy v3, 10:00" in job.status["message"]
    assert not (tmp_path / "made").exists()


def test_a_killed_job_frees_the_environment_when_its_last_child_ends_and_is_seen_as_interrupted(tmp_path: Path) -> None:
    job = Job(tmp_path, "step slow 30 sh -c 'touch begun; until [ -e over ]; do sleep 0.05; done'")
    with subprocess.Popen(("bash", str(job.launcher))) as running:
        assert eventually((tmp_path / "begun").exists)
        running.kill()
    assert job.status["outcome"] == "running"
    locks = [tmp_path / ".runbook" / name for name in ("jobs.lock", "lock")]
    assert subprocess.run(("flock", "-n", str(locks[0]), "true")).returncode == 1
    (tmp_path / "over").touch()
    assert [subprocess.run(("flock", "-w", "60", str(lock), "true")).returncode for lock in locks] == [0, 0]


def ago(days: float) -> int:
    """Unix seconds of the time that many days before now."""
    return int((datetime.now(UTC) - timedelta(days=days)).timestamp())


@pytest.mark.parametrize(
    ("installed_days_ago", "started_days_ago", "outcome", "runs"),
    [
        (3, None, "", True),  # the first time after the installation
        (0, None, "", False),  # installed after today's time: tomorrow
        (3, 1.05, "succeeded", True),  # the server was off: makes up for it
        (3, 0, "succeeded", False),  # once a day
        (3, 0, "failed", False),
        (3, 0, "refused", True),  # still due
        (3, 0, "running", True),  # interrupted: its lock is not held
        (3, -40, "succeeded", True),  # started in the future: a clock that jumped
    ],
)
def test_a_job_runs_when_a_time_has_passed_since_its_last_start(
    tmp_path: Path, installed_days_ago: float, started_days_ago: float | None, outcome: str, runs: bool
) -> None:
    job = Job(tmp_path, "step one 10 touch made")
    (job.state / "nightly.installed").write_text(str(ago(installed_days_ago)))
    if started_days_ago is not None:
        (job.state / "nightly.status.json").write_text(
            f'{{"outcome": "{outcome}", "started_epoch": {ago(started_days_ago)}}}')
    assert job.run("--when-due") == 0
    assert (tmp_path / "made").exists() is runs


def test_a_clock_that_jumped_since_the_last_run_reaches_the_steps(tmp_path: Path) -> None:
    job = Job(tmp_path, """step one 10 sh -c 'echo "$RUNBOOK_CLOCK_PROBLEM" > doubt'""")
    assert job.run() == 0
    assert (tmp_path / "doubt").read_text() == "\n"
    boot, uptime, now = (job.state / "clock").read_text().split()
    (job.state / "clock").write_text(f"{boot} {uptime} {int(now) - 90_000}\n")
    assert job.run() == 0
    assert "the clock jumped by" in (tmp_path / "doubt").read_text()


def test_a_schedule_is_announced_only_where_it_is_on_the_disk(tmp_path: Path) -> None:
    """An announcement that was lost let 34 pass, and Prometheus never missed the job."""
    job = Job(tmp_path, "true")
    assert job.run("--announce") == 0
    assert "installed_timestamp_seconds" in job.metric
    first = (job.state / "nightly.installed").read_text()
    assert job.run("--announce") == 0, "again, with the moment of the first time"
    assert (job.state / "nightly.installed").read_text() == first
    metrics = tmp_path / ".runbook/metrics/scheduled_nightly.prom"
    metrics.unlink()
    metrics.mkdir()  # nothing can be renamed onto a folder that holds something
    (metrics / "x").touch()
    assert job.run("--announce") == 1


def test_a_certificate_that_cannot_be_had_is_no_part_of_the_announcement(tmp_path: Path) -> None:
    assert Job(tmp_path, "true", served="localhost:1").run("--announce") == 0


def test_an_empty_note_of_the_installation_is_written_anew(tmp_path: Path) -> None:
    job = Job(tmp_path, "true")
    (job.state / "nightly.installed").touch()
    assert job.run("--announce") == 0
    assert int((job.state / "nightly.installed").read_text()) > 0
