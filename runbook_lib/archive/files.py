"""Files under outputs/: written whole or not at all, hashed, locked, and read only where they are files."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from runbook_lib.core.errors import Refused, RunFailed

# Opening a planted FIFO would wait for a writer for ever, and a link would lead out of the archive.
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_KINDS = (("a link", stat.S_ISLNK), ("a folder", stat.S_ISDIR), ("a pipe", stat.S_ISFIFO),
          ("a socket", stat.S_ISSOCK), ("a device", stat.S_ISBLK), ("a device", stat.S_ISCHR))


def write_atomically(path: Path, content: str | bytes) -> Path:
    """Replace `path` atomically: a temporary name, fsync, rename. Raises RunFailed where the disk refuses."""
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        sync_folder(path.parent)
    except OSError as error:
        raise disk_failure(error, path) from error
    finally:  # an interrupt counts as well: what is left in a run's folder would have to be explained for ever
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def disk_failure(error: OSError, path: Path) -> RunFailed:
    """An OSError of a write, in the words of an operator."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        what, remedy = "The evidence of this run could not be written: the disk of this machine is full.", "Free space"
    else:
        what = f"The evidence of this run could not be written: {error.strerror or error}."
        remedy = "Make the folder writable"
    return RunFailed(what, where=str(path),
                     next_step=f"{remedy}, or set RUNBOOK_OUTPUTS to another folder; then run again.")


def kind_of(mode: int) -> str:
    """What an entry of a folder is by its `st_mode`: "a file", "a folder", "a link", "a pipe", …"""
    return next((kind for kind, fits in _KINDS if fits(mode)), "a file")


@contextlib.contextmanager
def open_file(path: Path) -> Iterator[BufferedReader]:
    """A file opened for reading. Raises OSError for whatever is not a regular file, and never waits for a writer."""
    descriptor = os.open(path, _READ)
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, f"{kind_of(mode)}, not a file", str(path))
        yield file


def read_file(path: Path) -> bytes:
    """The content of a regular file. Raises OSError as `open_file` does."""
    with open_file(path) as file:
        return file.read()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, 64 hex digits. Raises OSError as `open_file` does."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def try_lock(descriptor: int) -> bool:
    """Take an exclusive flock on an open file without waiting; False when another process has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_lock(lock_file: Path) -> int:
    """A descriptor of a lock file, made where it is missing; another user's is opened to read, which is enough."""
    flags = os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        return os.open(lock_file, os.O_RDWR | flags, 0o666)
    except PermissionError:
        return os.open(lock_file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)


@contextlib.contextmanager
def exclusive_lock(lock_file: Path, *, wait_s: float = 30.0) -> Iterator[None]:
    """Let one process at a time through. Raises Refused when the other does not finish in `wait_s` seconds."""
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = open_lock(lock_file)
    except OSError as error:
        raise disk_failure(error, lock_file) from error
    try:
        give_up = time.monotonic() + wait_s
        while not try_lock(descriptor):
            if time.monotonic() > give_up:
                raise Refused("Another process has been sealing runs in this archive for too long.",
                              where=str(lock_file),
                              next_step="Find the stuck `runbook` process, end it, and run again.")
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)
