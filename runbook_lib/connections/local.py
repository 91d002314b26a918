"""Facts of this machine: the secrets of a run, its operator, and the state of our own checkout."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runbook_lib.core.errors import Refused, SecretMissing
from runbook_lib.core.redaction import Secret
from runbook_lib.core.text import lines_of, parse_assignment

if TYPE_CHECKING:
    from runbook_lib.environment import Environment


@dataclass(frozen=True)
class Operator:
    """The operator and their machine. In CI the name is the account that triggered the workflow."""

    name: str
    host: str

    def __str__(self) -> str:
        return f"{self.name}@{self.host}"


@dataclass(frozen=True)
class Checkout:
    """The commit of the runbooks themselves; `clean` is False when files differ from it, None when git cannot tell."""

    commit: str | None
    clean: bool | None


def load_secrets(environment: Environment) -> dict[str, Secret]:
    """The environment's secrets that are available here, by name; missing ones are absent.

    The process environment comes first, then `environment.secrets_file` (NAME=value lines). Raises Refused when others
    can read that file, and SecretMissing when it is named but cannot be read or has a malformed line.
    """
    stored = _stored(Path(environment.secrets_file)) if environment.secrets_file else {}
    found = {name: os.environ.get(name) or stored.get(name) for name in environment.secrets}
    return {name: Secret(name, value) for name, value in found.items() if value}


def _stored(file: Path) -> dict[str, str]:
    try:
        with file.open("rb") as opened:
            about = os.fstat(opened.fileno())
            text = opened.read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SecretMissing(
            f"The secrets file cannot be read ({error.strerror}).",
            where=str(file),
            next_step="Name a file that this user may read in secrets_file of the environment file, owned by "
                      "this user and with mode 0600.",
        ) from error
    if stat.S_IMODE(about.st_mode) & 0o077:
        raise Refused(
            f"The secrets file can be read by others (mode {stat.S_IMODE(about.st_mode):04o}).",
            where=str(file),
            next_step=f"chmod 600 {file}",
        )
    return parse_secrets(text.decode("utf-8", "replace"), str(file))


def parse_secrets(text: str, where: str) -> dict[str, str]:
    """NAME=value lines; blank lines and lines with `#` in front are left out; matching quotes around a value go."""
    values = {}
    for number, line in enumerate(lines_of(text), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        found = parse_assignment(line)
        if found is None:
            # the line itself is not shown: it may hold a secret
            raise SecretMissing(f"Line {number} is not of the form NAME=value.", where=where,
                                next_step="Correct that line (a name, an equals sign, a value).")
        name, value = found
        values[name] = value
    return values


def current_operator() -> Operator:
    """The operator and this machine."""
    name = os.environ.get("GITHUB_ACTOR") or os.environ.get("RUNBOOK_OPERATOR") or _login()
    return Operator(name, socket.gethostname())


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no entry in the password file
        return f"uid {os.getuid()}"


def checkout(folder: Path) -> Checkout:
    """Commit and cleanliness of the checkout at `folder`."""
    if shutil.which("git") is None:
        return Checkout(None, None)
    commit = _git(folder, "rev-parse", "HEAD")
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return Checkout(commit.strip() if commit else None, None if status is None else not status.strip())


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        finished = subprocess.run(
            ("git", "-C", str(folder), *arguments),
            capture_output=True,
            text=True,
            errors="replace",  # git may print file names in any encoding
            timeout=10,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return finished.stdout if finished.returncode == 0 else None
