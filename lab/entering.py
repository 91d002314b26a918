"""The command that runs a program in a container: past the engine where this process may do that, or by `docker exec`.

A `docker exec` costs forty milliseconds of processor time, and the tests ask their servers three thousand times.
Whoever is root on the engine's own machine enters the container's namespaces for two.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.engine import docker
from lab.errors import CommandFailed
from lab.processes import output, succeeds

NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid")


@dataclass(frozen=True)
class _Init:
    """The first process of a container, and what the image gives every program in it."""

    pid: int
    born: str
    variables: tuple[str, ...]

    @property
    def lives(self) -> bool:
        """Whether it is still that process: a container that was stopped and started has another one."""
        return _born(self.pid) == self.born != ""


_known: dict[str, _Init] = {}


def entering(container: str, *words: str, user: str) -> list[str]:
    """The command that runs `words` in a running container as `user`, with its standard input."""
    found = _init(container)
    if found is None:
        return [docker(), "exec", "-i", "-u", user, container, *words]
    home = "/root" if user == "root" else f"/home/{user}"
    becoming = () if user == "root" else ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups")
    return ["nsenter", f"--target={found.pid}", *NAMESPACES, "env", "-i", *found.variables, f"HOME={home}",
            *becoming, *words]


def _init(container: str) -> _Init | None:
    """The container's first process, where this process can enter it."""
    if os.geteuid() != 0 or shutil.which("nsenter") is None:
        return None
    known = _known.get(container)
    if known is None or not known.lives:
        _known.pop(container, None)
        if (known := _asked(container)) is None:
            return None
        _known[container] = known
    return known


def _asked(container: str) -> _Init | None:
    try:
        described = json.loads(output((docker(), "container", "inspect", container)))[0]
    except CommandFailed:
        return None
    pid, config = int(described["State"]["Pid"]), described["Config"]
    born = _born(pid)
    # the engine may be another machine's, or count its processes in a namespace of its own
    if not born or described["Id"] not in _read(f"/proc/{pid}/cgroup"):
        return None
    # root without all rights of root may not
    if not succeeds(("nsenter", f"--target={pid}", *NAMESPACES, "true")):
        return None
    return _Init(pid, born, (*config["Env"], f"HOSTNAME={config['Hostname']}"))


def _born(pid: int) -> str:
    """When a process was started, in the kernel's ticks; empty where there is none."""
    fields = _read(f"/proc/{pid}/stat").rpartition(") ")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] != "Z" else ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
