"""A server container: how it is given enough rights to run an engine, and when it is ready."""

from __future__ import annotations

import io
import socket
import tarfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab import images
from lab.engine import docker
from lab.entering import entering
from lab.errors import LabError
from lab.processes import output, run, succeeds

READY_TIMEOUT_S = 90.0
# where the machine cannot hand out CAP_SYS_RESOURCE, --privileged fails; this is as much as is left of it
NEARLY_PRIVILEGED = ("--cap-add=ALL", "--cap-drop=SYS_RESOURCE", "--security-opt=seccomp=unconfined",
                     "--security-opt=apparmor=unconfined", "--device-cgroup-rule=a *:* rwm")


@dataclass(frozen=True)
class File:
    """A file for a container; a folder where `content` is None. No leading slash in `path`; `owner`: user and group."""

    path: str
    content: bytes | None
    mode: int
    owner: int = 0


def server_image() -> str:
    """The server's image in its present content."""
    return images.built_reference(images.by_name("server"))


@cache
def privileges() -> tuple[str, ...]:
    """The options that let a container run an engine of its own here, found by trying."""
    probe = (docker(), "run", "--rm", "--privileged", "--label", f"{images.LABEL}=1", "--entrypoint", "true",
             server_image())
    return ("--privileged",) if succeeds(probe) else NEARLY_PRIVILEGED


def create(name: str, labels: Mapping[str, str], log: Path, *options: str, image: str = "",
           command: Sequence[str] = ()) -> None:
    """Make a server container, not started, with its engine's data on the volume of the same name."""
    marks = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    run((docker(), "create", "--name", name, "--stop-timeout", "30", *marks, *privileges(),
         "--volume", f"{name}:/var/lib/docker", *options, image or server_image(), *command), log)


def start(name: str, log: Path) -> None:
    """Start a container that was made or stopped. Raises CommandFailed, also when a port is taken."""
    run((docker(), "start", name), log)


def put_files(name: str, files: Sequence[File], log: Path) -> None:
    """Write files into a container, running or not, with their owners and modes; folders on the way are root's."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for file in files:
            entry = tarfile.TarInfo(file.path)
            entry.type = tarfile.REGTYPE if file.content is not None else tarfile.DIRTYPE
            entry.size, entry.mode = len(file.content or b""), file.mode
            entry.uid = entry.gid = file.owner
            entry.mtime = time.time()
            tar.addfile(entry, io.BytesIO(file.content or b""))
    run((docker(), "cp", "-", f"{name}:/"), log, input=archive.getvalue())


def engine_answers(name: str) -> bool:
    """Whether the engine inside the container answers."""
    return succeeds(entering(name, "docker", "info", "--format", "{{.ID}}", user="root"), timeout_s=10)


def wait_for_sshd(name: str, ssh_port: int) -> None:
    """Return when sshd answers, whatever else the server runs. Raises LabError with its last words."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not _greets(ssh_port):
        if time.monotonic() > deadline:
            said = output((docker(), "logs", "--tail", "15", name))
            raise LabError(f"sshd of {name} did not answer after {READY_TIMEOUT_S:.0f} s. It said last:\n{said}")
        time.sleep(0.05)


def wait_until_ready(name: str, ssh_port: int | None = None) -> None:
    """Return when the engine answers, and sshd too where a port is given. Raises LabError with their last words."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not (engine_answers(name) and (ssh_port is None or _greets(ssh_port))):
        if time.monotonic() > deadline:
            logs = "tail -n 15 /var/log/dockerd.log /var/log/sshd.log 2>&1"
            said = output((docker(), "exec", name, "sh", "-c", logs))
            raise LabError(f"The server {name} was not ready after {READY_TIMEOUT_S:.0f} s. It said last:\n{said}")
        time.sleep(0.5)


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.settimeout(10)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
