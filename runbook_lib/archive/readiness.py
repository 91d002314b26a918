"""Before a run begins: will this archive take its evidence, and can it be sealed at the end?

An archive that is full, read-only or another user's is found out here, when nothing has been done yet; at the end
of a run that changed a server it would be too late.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import secrets
import shlex
import shutil
import stat
from pathlib import Path

from runbook_lib.archive.chain import FILE as CHAIN
from runbook_lib.archive.chain import LOCK
from runbook_lib.archive.files import kind_of, open_lock, try_lock
from runbook_lib.archive.folder import RunFolder, new_run
from runbook_lib.archive.open_runs import FOLDER as OPEN_RUNS
from runbook_lib.archive.open_runs import note_sealed, reserve_space
from runbook_lib.core.errors import Refused, RunFailed
from runbook_lib.core.redaction import Redactor

FULL = (errno.ENOSPC, errno.EDQUOT)


def begin_run(notebook: str, outputs: Path, redactor: Redactor) -> RunFolder:
    """A fresh run folder in an archive that can take its evidence and seal it. Raises Refused, leaving nothing."""
    require_sealable(outputs)
    folder = None
    try:
        folder = new_run(notebook, outputs, redactor)
        reserve_space(folder.path)
    except RunFailed as failure:
        if folder is not None:
            shutil.rmtree(folder.path, ignore_errors=True)
            note_sealed(folder.path)
        cause = failure.__cause__
        raise _refusal(cause if isinstance(cause, OSError) else OSError(failure.what), outputs) from failure
    return folder


def require_sealable(outputs: Path) -> None:
    """Try all that opening and sealing a run write in the archive. Raises Refused."""
    place = outputs
    try:
        outputs.mkdir(parents=True, exist_ok=True)
        _try_new_file(outputs)
        place = outputs / OPEN_RUNS
        if not place.is_dir():
            place.mkdir()
            place.chmod(outputs.stat().st_mode & 0o1777)  # for all who may add runs
        _try_new_file(place)
        place = outputs / CHAIN
        _try_appending(place)
        place = outputs / LOCK
        _try_locking(place)
    except OSError as error:
        raise _refusal(error, place) from error


def _try_new_file(folder: Path) -> None:
    probe = folder / f".{secrets.token_hex(4)}.probe"
    try:
        with probe.open("xb") as file:
            file.write(b"\n")
    finally:
        probe.unlink(missing_ok=True)


def _try_appending(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise OSError(errno.EINVAL, f"it is {kind_of(mode)}, not a file")
        finally:
            os.close(descriptor)


def _try_locking(path: Path) -> None:
    """Some network file systems know no locks; one that another process holds is as good as ours."""
    descriptor = open_lock(path)
    try:
        try_lock(descriptor)
    finally:
        os.close(descriptor)


def _refusal(error: OSError, place: Path) -> Refused:
    if error.errno in FULL:
        why, remedy = "the disk of this machine is full", "Free space"
    elif isinstance(error, PermissionError):
        why, remedy = _not_ours(place)
    elif error.errno == errno.EROFS:
        why, remedy = "its file system is read-only", "Mount it for writing"
    else:
        why, remedy = f"{place.name}: {error.strerror or error}", "Move what is in the way aside"
    return Refused(f"Nothing was started, because the evidence of the run could not be kept: {why}.",
                   where=str(place),
                   next_step=f"{remedy}, or set RUNBOOK_OUTPUTS to a folder of your own; then run again.")


def _not_ours(place: Path) -> tuple[str, str]:
    """Why the place takes nothing of this user's, and what helps: of what is there, or of the folder above it."""
    # in a folder that is closed to this user, it cannot even be asked what is there
    there = next(path for path in (place, *place.parents) if os.path.exists(path))
    owner = there.stat().st_uid
    if owner == os.geteuid():
        mode = stat.S_IMODE(there.stat().st_mode)
        return (f"{there.name} is your own, and its mode {mode:04o} forbids it",
                f"Run `chmod u+rwX {shlex.quote(str(there))}`")
    try:
        whose, who = pwd.getpwuid(owner).pw_name, pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        whose, who = f"user {owner}", f"user {os.geteuid()}"
    return (f"{there.name} belongs to {whose} and cannot be written by {who}",
            "Ask for write access (a common group, `chmod g+w` for it and for the archive's folder)")
