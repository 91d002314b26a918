"""Detached jobs on a real server, with links that break."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from threading import Timer
from typing import TYPE_CHECKING, Any

import pytest

from runbook_lib.connections import jobs
from runbook_lib.core.commands import Command, Pipeline, WriteFile
from runbook_lib.core.errors import StepFailed
from runbook_lib.core.plan import StepState
from runbook_lib.core.redaction import Secret

if TYPE_CHECKING:
    from runbook_lib.connections import OpenConnections


@pytest.fixture
def folder() -> str:
    """A run's folder that no other test uses."""
    return f"test-{uuid.uuid4().hex[:8]}"


def sh(text: str, **options: Any) -> Command:
    return Command(("sh", "-c", text), **options)


def cut(connections: OpenConnections, after_s: float) -> Timer:
    """Cut the link after a while."""
    timer = Timer(after_s, connections.server.link.transport().sock.close)
    timer.start()
    return timer


def test_a_job_outlives_a_dropped_link_and_is_heard_to_its_end(connections: OpenConnections, folder: str) -> None:
    job = jobs.start(connections.server, sh("for n in 1 2 3 4 5 6; do echo $n; sleep 0.4; done; exit 9"), f"{folder}/s")
    cut(connections, 1.0)
    outcome = jobs.wait(job)
    assert (outcome.exit_code, outcome.stdout_tail) == (9, "1\n2\n3\n4\n5\n6\n")


def test_a_job_without_anybody_listening_finishes(connections: OpenConnections, folder: str) -> None:
    job = jobs.start(connections.server, sh("sleep 1; echo done"), f"{folder}/s")
    connections.server.link.transport().sock.close()
    time.sleep(2)
    assert jobs.wait(job).stdout_tail == "done\n"


def test_the_deadline_is_kept_on_the_server(connections: OpenConnections, folder: str) -> None:
    job = jobs.start(connections.server, sh("sleep 600", timeout_s=1), f"{folder}/s")
    connections.server.link.transport().sock.close()
    time.sleep(3)
    assert jobs.wait(job).state is StepState.TIMED_OUT


def test_a_stopped_job_leaves_no_process(connections: OpenConnections, folder: str) -> None:
    job = jobs.start(connections.server, sh("sleep 4321 & sleep 4322"), f"{folder}/s")
    time.sleep(0.3)
    assert jobs.stop(job).state is StepState.ABORTED
    listed = connections.server.run(sh("ps -eo stat=,args= | grep -v '^Z' | grep -c '[s]leep 432'", accepts=(0, 1)))
    assert listed.stdout.strip() == "0"


def test_a_secret_reaches_a_file_and_nothing_else(connections: OpenConnections, lab: Any, folder: str) -> None:
    path = f"{connections.server.directory}/.runbook/{folder}.secret"
    action = WriteFile(path, Secret("X", "s3cret-for-a-file"), 0o600)
    assert jobs.wait(jobs.start(connections.server, action, f"{folder}/s")).state is StepState.PASSED
    assert connections.server.run(sh(f"stat -c %a {path}; cat {path}")).stdout == "600\ns3cret-for-a-file"
    found = lab.on_server(
        "sh", "-c", f"grep -rl s3cret-for-a-file {connections.server.directory}/.runbook || true"
    )
    assert found.split() == [path]
    connections.server.run(Command(("rm", path)))


def test_a_pipeline_stage_that_fails_is_named(connections: OpenConnections, folder: str) -> None:
    job = jobs.start(connections.server, Pipeline((sh("echo rows; exit 3"), Command(("gzip",)))), f"{folder}/s")
    outcome = jobs.wait(job)
    assert outcome.exit_code == 3
    assert "stage 1 of 2 (sh)" in outcome.stderr_tail


@pytest.fixture
def full_disk(lab: Any) -> Iterator[str]:
    """A folder on a file system of 1 MB, owned by the server's user."""
    place = "/mnt/tiny"
    lab.on_server("sh", "-c", f"mkdir -p {place} && mount -t tmpfs -o size=1m,mode=777 tmpfs {place}")
    yield place
    lab.on_server("umount", place)


def test_a_full_disk_fails_the_step_and_keeps_the_old_file(
    connections: OpenConnections, full_disk: str, folder: str
) -> None:
    server = connections.server
    server.run(sh(f"echo old > {full_disk}/file"))
    outcome = jobs.wait(jobs.start(server, WriteFile(f"{full_disk}/file", "x" * 2_000_000), f"{folder}/s"))
    assert outcome.state is StepState.FAILED
    assert "No space left" in outcome.stderr_tail
    assert server.run(sh(f"cat {full_disk}/file; ls -A {full_disk}")).stdout == "old\nfile\n"


def test_a_job_that_fills_its_own_disk_still_leaves_its_exit_code(
    connections: OpenConnections, full_disk: str, folder: str
) -> None:
    action = sh("head -c 5000000 /dev/zero || exit 28")
    outcome = jobs.wait(jobs.start(connections.server, action, f"{full_disk}/{folder}/s"))
    assert (outcome.state, outcome.exit_code) == (StepState.FAILED, 28)


def test_no_room_to_start_is_said_before_anything_happens(connections: OpenConnections, full_disk: str) -> None:
    connections.server.execute(sh(f"head -c 2000000 /dev/zero > {full_disk}/fill"))
    with pytest.raises(StepFailed, match="No space left"):
        jobs.start(connections.server, sh("true"), f"{full_disk}/run/s")
