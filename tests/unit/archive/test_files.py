"""Files of an archive: written whole or not at all, read only where they are files, locked by one process at a time."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runbook_lib.archive.files import (
    disk_failure,
    exclusive_lock,
    kind_of,
    open_lock,
    read_file,
    sha256_of,
    try_lock,
    write_atomically,
)
from runbook_lib.core.errors import Refused, RunFailed


def test_a_file_is_replaced_whole_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    for content in ("first", b"second"):
        write_atomically(path, content)
    assert path.read_bytes() == b"second"
    assert os.listdir(path.parent) == ["b"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_ends_early_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: BaseException
) -> None:
    path = write_atomically(tmp_path / "x", "old")

    def ends(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(os, call, ends)
        with pytest.raises((RunFailed, KeyboardInterrupt)):
            write_atomically(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize(("code", "what", "remedy"), [
    (errno.ENOSPC, "the disk of this machine is full", "Free space"),
    (errno.EDQUOT, "the disk of this machine is full", "Free space"),
    (errno.EACCES, "Permission denied", "Make the folder writable"),
])
def test_a_refused_write_is_told_in_words(code: int, what: str, remedy: str) -> None:
    failure = disk_failure(OSError(code, os.strerror(code)), Path("/x"))
    assert what in failure.what
    assert failure.next_step.startswith(remedy)
    assert failure.where == "/x"


def test_what_is_no_file_is_never_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for name in ("pipe", "folder", "link", "none"):
        with pytest.raises(OSError):
            read_file(tmp_path / name)
    with pytest.raises(OSError, match="a pipe, not a file"):
        sha256_of(tmp_path / "pipe")
    assert read_file(tmp_path / "file") == b"x"
    assert sha256_of(tmp_path / "file") == hashlib.sha256(b"x").hexdigest()


def test_kinds_have_names(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("x")
    assert [kind_of(Path(place).lstat().st_mode) for place in (tmp_path, tmp_path / "link", "/dev/null", __file__)] == [
        "a folder", "a link", "a device", "a file"]


def test_a_lock_lets_one_process_through_and_names_itself_when_the_other_stays(tmp_path: Path) -> None:
    program = ("import sys; from pathlib import Path; from runbook_lib.archive.files import exclusive_lock\n"
               "with exclusive_lock(Path(sys.argv[1])):\n    print(1, flush=True); sys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "lock")], stdout=subprocess.PIPE,
                          stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(Refused, match="sealing runs in this archive for too long"), \
                exclusive_lock(tmp_path / "lock", wait_s=0.1):
            pass
        assert process.stdin is not None
        process.stdin.close()
    with exclusive_lock(tmp_path / "lock", wait_s=5):
        pass


def test_a_lock_file_is_never_a_link_to_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunFailed), exclusive_lock(tmp_path / "lock"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_that_may_only_be_read_locks_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lock").touch()
    real = os.open

    def read_only(path: Path, flags: int, *mode: int) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *mode)

    monkeypatch.setattr(os, "open", read_only)
    descriptor = open_lock(tmp_path / "lock")
    assert try_lock(descriptor)
    os.close(descriptor)
