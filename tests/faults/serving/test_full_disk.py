"""No disk space: on the server, where jobs write what they did, or here, where the evidence goes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runbook_lib.archive.runs import seal_abandoned, verify
from runbook_lib.core.findings import Verdict
from tests.faults.operators import DIRECTORY, Operator
from tests.lab_server import Lab

BACKUPS = "/backups/postgres"


@contextmanager
def full(lab: Lab, folder: str) -> Iterator[None]:
    """A small, filled disk over a folder of the server."""
    lab.on_server("sh", "-c", f"mount -t tmpfs -o size=64k,uid=$(id -u deploy),mode=755 tmpfs {folder} && "
                  f"dd if=/dev/zero of={folder}/filler bs=1k count=100 2>/dev/null || true")
    try:
        yield
    finally:
        lab.on_server("umount", folder)


def test_a_full_backup_disk_is_seen_before_the_start(operator: Operator, lab: Lab) -> None:
    before, serving = lab.on_server("ls", BACKUPS), lab.serving()
    with full(lab, BACKUPS):
        ended = operator.run("30_backup_database", apply=True)
    assert ended.code == 3, ended.output
    assert "the disk has enough free space" in ended.output
    assert "Next: " in ended.output
    assert (lab.on_server("ls", BACKUPS), lab.serving()) == (before, serving)


def test_a_disk_too_full_for_a_job_stops_the_run_at_that_step(operator: Operator, lab: Lab) -> None:
    lab.on_server("mkdir", "-p", f"{DIRECTORY}/.runbook/jobs")
    before = lab.on_server("ls", BACKUPS)
    with full(lab, f"{DIRECTORY}/.runbook/jobs"):
        ended = operator.run("30_backup_database", apply=True)
    assert ended.code == 1, ended.output
    assert "No space left on device" in ended.output
    assert "Next: This step changed nothing. Check the server's disk space (df -h)" in ended.output, ended.output
    assert next(iter(ended.states.values())) == "failed"
    assert lab.on_server("ls", BACKUPS) == before
    assert operator.run("30_backup_database", apply=True).code == 0


def test_no_room_for_the_evidence_here_is_seen_before_the_start(operator: Operator, outputs: Path) -> None:
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", outputs), check=True)
    try:
        ended = operator.start("30_backup_database").wait()
        assert ended.code == 3, ended.output
        assert "Traceback" not in ended.output, ended.output
        assert "the disk of this machine is full" in ended.output, ended.output
        assert "Next: Free space, or set RUNBOOK_OUTPUTS" in ended.output, ended.output
        assert ended.folder is None
        subprocess.run(("mount", "-o", "remount,size=50m", outputs), check=True)
        ended = operator.run("30_backup_database")
        assert ended.code == 0, ended.output
        assert ended.folder is not None
        seal_abandoned(outputs)
        assert all(one.verdict is Verdict.PASSED for one in verify(ended.folder))
    finally:
        subprocess.run(("umount", outputs), check=True)
