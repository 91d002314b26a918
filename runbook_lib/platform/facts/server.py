"""The server itself: disk space, memory, clock, load, and the versions of what runbooks rely on."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.environment import Environment

DOCKER_DATA = "/var/lib/docker"

# One round trip; every part stands under its own heading.
_SURVEY = r"""
part() { echo "== $1"; shift; "$@" 2>&1; }
part clock date +%s.%N
part disks df --block-size=1 --output=target,size,avail,itotal,iavail -- "$@"
part memory cat /proc/meminfo
part load cat /proc/loadavg
part cpus nproc
part system sh -c '. /etc/os-release; echo "$PRETTY_NAME"'
part kernel uname -r
part docker docker version --format '{{.Server.Version}}'
part compose docker compose version --short
part git git --version
"""


@dataclass(frozen=True)
class Disk:
    """The file system that holds `path`. Inode counts are None where the file system has none."""

    path: str
    mount: str
    size_bytes: int
    free_bytes: int
    inodes: int | None
    free_inodes: int | None

    @property
    def used_percent(self) -> float:
        """Share of the size that the server's user can no longer write to."""
        return 100.0 * (self.size_bytes - self.free_bytes) / self.size_bytes if self.size_bytes else 100.0


@dataclass(frozen=True)
class ServerState:
    """`clock_ahead_s`: the server's clock minus ours, as far as it is more than the time of asking. A version is ""
    where the program is missing or does not answer."""

    disks: tuple[Disk, ...]
    memory_bytes: int
    memory_available_bytes: int
    load_1m: float
    cpus: int
    clock_ahead_s: float
    versions: Mapping[str, str]

    def disk(self, path: str) -> Disk | None:
        """The disk that was asked about as `path`."""
        return next((disk for disk in self.disks if disk.path == path), None)


def survey_server(environment: Environment, *paths: str) -> Question[ServerState]:
    """The state of the server now: sizes in bytes, load of one minute, clock difference in seconds.

    `disks` are those of the project, the backups, Docker's data, and `paths`; a path that does not exist is left out.
    Raises FactUnreadable. Source: df, /proc/meminfo, /proc/loadavg, in one round trip.
    """
    usual = (environment.server.directory, environment.backup.directory, DOCKER_DATA)
    asked = tuple(dict.fromkeys((*usual, *paths)))

    def fetch(connections: Connections) -> ServerState:
        command = Command(("bash", "-c", _SURVEY, "server", *asked), timeout_s=30, accepts=(0, 1, 127))
        before = time.time()
        result = connections.server.run(command)
        return parse_server(result.stdout, asked, before, time.time())

    return Question("server", fetch)


def parse_server(text: str, asked: tuple[str, ...], before: float, after: float) -> ServerState:
    """The survey's reply, asked between `before` and `after` of our own clock (Unix seconds). Raises FactUnreadable."""
    parts = dict(re.findall(r"^== (\w+)\n(.*?)(?=^== |\Z)", text, re.DOTALL | re.MULTILINE))
    try:
        memory = dict(re.findall(r"^(\w+):\s+(\d+) kB$", parts["memory"], re.MULTILINE))
        return ServerState(
            disks=parse_disks(parts["disks"], asked),
            memory_bytes=int(memory["MemTotal"]) * 1024,
            memory_available_bytes=int(memory["MemAvailable"]) * 1024,
            load_1m=float(parts["load"].split()[0]),
            cpus=int(parts["cpus"]),
            clock_ahead_s=_ahead(float(parts["clock"]), before, after),
            versions={name: _version(parts[name]) for name in ("system", "kernel", "docker", "compose", "git")},
        )
    except (KeyError, ValueError, IndexError) as error:
        raise FactUnreadable(
            f"The server's survey of itself lacks {error}.", next_step="Log in and run `df` and `free` on the server."
        ) from error


def parse_disks(text: str, asked: tuple[str, ...]) -> tuple[Disk, ...]:
    """df's lines, one for each path that exists, in the order asked. Source: GNU coreutils manual, df invocation."""
    missing = set(re.findall(r"^df: (.+?): No such file", text, re.MULTILINE))
    paths = [path for path in asked if path not in {name.strip("'‘’") for name in missing}]
    rows = [line.split() for line in lines_of(text) if line.startswith("/")]
    if len(rows) != len(paths):
        raise ValueError(f"{len(paths)} disks in df's reply: {head_of(text, 200)!r}")
    return tuple(
        Disk(path, " ".join(row[:-4]), int(row[-4]), int(row[-3]), _count(row[-2]), _count(row[-1]))
        for path, row in zip(paths, rows, strict=True)
    )


def _ahead(clock: float, before: float, after: float) -> float:
    """How far a clock read between two moments is outside them."""
    return clock - before if clock < before else clock - after if clock > after else 0.0


def _count(text: str) -> int | None:
    return int(text) if text.isdigit() and text != "0" else None


def _version(text: str) -> str:
    """The line that looks like a version; an error message is none."""
    line = lines_of(text.strip())[-1] if text.strip() else ""
    failed = ("not found", "cannot connect", "permission denied", "unknown", "error")
    return "" if any(word in line.lower() for word in failed) else line.removeprefix("git version ")
