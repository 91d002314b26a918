"""Files under outputs/: written whole or not at all, hashed, and locked."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from runbook_lib.core.errors import Refused, RunFailed


def write_atomically(path: Path, content: str | bytes) -> Path:
    """Replace `path` atomically: a temporary name, fsync, rename. Raises RunFailed where the disk refuses."""
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise disk_failure(error, path) from error
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


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def try_lock(descriptor: int) -> bool:
    """Take an exclusive flock on an open file without waiting; False when another process has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def exclusive_lock(lock_file: Path, *, wait_s: float = 30.0) -> Iterator[None]:
    """Let one process at a time through. Raises Refused when the other does not finish in `wait_s` seconds."""
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
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
