"""An archive on a disk that is really full: a small tmpfs, filled at one moment of an execution."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.runs import new_run
from runbook_lib.core.errors import RollbackFailed, RolledBack
from runbook_lib.execution import ActionResult, PlanExecutor
from tests.unit.execution_doubles import FAILED, PASSED, ScriptedBackend, plan


class SmallDisk:
    """The folder of an archive, and the means to fill the disk below it."""

    def __init__(self, folder: Path, mounted: bool) -> None:
        self.folder, self._mounted = folder, mounted

    def fill(self) -> None:
        """No byte more fits. Where no disk can be mounted, no file of this process may grow instead."""
        if not self._mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
            return
        with (self.folder / "filling").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 512)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(("mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder), capture_output=True).returncode == 0
    limit, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        yield SmallDisk(folder, mounted)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
        if mounted:
            subprocess.run(("umount", "--lazy", folder), check=True)


def filled(disk: SmallDisk, result: ActionResult) -> object:
    def answer() -> ActionResult:
        disk.fill()
        return result

    return answer


def test_the_disk_is_really_full(disk: SmallDisk) -> None:
    disk.fill()
    with pytest.raises(OSError) as raised:
        (disk.folder / "more").write_bytes(os.urandom(8192))
    assert raised.value.errno in (errno.ENOSPC, errno.EFBIG)


@pytest.mark.parametrize(("when", "did"), [
    ("one", ["one", "unone"]),
    ("two", ["one", "two", "untwo", "unone"]),
    ("three", ["one", "two", "three", "unthree", "untwo", "unone"]),
])
@pytest.mark.parametrize("result", [PASSED, FAILED], ids=["passed", "failed"])
def test_a_disk_that_fills_up_during_a_step_leads_to_the_undo(disk: SmallDisk, when: str, did: list[str], result: ActionResult) -> None:
    backend = ScriptedBackend(**{when: filled(disk, result)})
    folder = new_run("20_deploy", disk.folder)
    with journal.Journal(folder) as opened, pytest.raises(RolledBack) as raised:
        PlanExecutor(plan(), backend, opened, folder, lambda *_: None).run()
    assert backend.did == did
    assert not backend.held
    assert raised.value.exit_code == 5
    assert "could not be written" in raised.value.what


def test_a_disk_that_fills_up_during_the_undo_hinders_none_of_it(disk: SmallDisk) -> None:
    backend = ScriptedBackend(three=FAILED, unthree=filled(disk, PASSED))
    folder = new_run("20_deploy", disk.folder)
    with journal.Journal(folder) as opened, pytest.raises(RolledBack):
        PlanExecutor(plan(), backend, opened, folder, lambda *_: None).run()
    assert backend.did[3:] == ["unthree", "untwo", "unone"]


def test_an_undo_that_fails_while_the_disk_is_full_is_a_failed_rollback(disk: SmallDisk) -> None:
    backend = ScriptedBackend(two=filled(disk, FAILED), untwo=FAILED)
    folder = new_run("20_deploy", disk.folder)
    with journal.Journal(folder) as opened, pytest.raises(RollbackFailed) as raised:
        PlanExecutor(plan(), backend, opened, folder, lambda *_: None).run()
    assert raised.value.exit_code == 6
    assert "Not undone: One" in raised.value.what and "could not be written" in raised.value.what


def test_the_journal_holds_whole_lines_until_the_disk_was_full(disk: SmallDisk) -> None:
    backend = ScriptedBackend(two=filled(disk, PASSED))
    folder = new_run("20_deploy", disk.folder)
    with journal.Journal(folder) as opened, pytest.raises(RolledBack):
        PlanExecutor(plan(), backend, opened, folder, lambda *_: None).run()
    assert journal.UNREADABLE not in [event["event"] for event in journal.read(folder)]
