"""The server itself: disk space, memory, clock, load, and the versions of what runbooks rely on."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.core.times import date_seconds
from runbook_lib.environment import Environment

DOCKER_DATA, DATABASE_DATA = "docker", "database"  # what a disk holds

# One round trip; every part stands under its own heading.
SURVEY = r"""
project=$1 database=$2 limit=$3; shift 3
part() { echo "== $1"; shift; "$@" 2>&1; }
disks() { df --block-size=1 --output=target,size,avail,itotal,iavail -- "$@"; }
# asked of the engine: its data-root is a setting
docker_data() {
    root=$(timeout "$limit" docker info --format '{{.DockerRootDir}}' 2>/dev/null)
    case $root in /*) echo "$root"; disks "$root"; stat --format %d -- "$root" ;; esac
}
# asked inside, where the data are: a volume may lie on another disk by its driver's options, and a folder of the server
# may be mounted in its place; those paths are not open to everybody here
database_data() {
    one=$(timeout "$limit" docker ps --quiet --filter status=running \
        --filter "label=com.docker.compose.project=$project" \
        --filter "label=com.docker.compose.service=$database" --filter label=com.docker.compose.oneoff=False \
        2>/dev/null | head -n 1)
    [ -z "$one" ] || timeout "$limit" docker exec "$one" sh -c 'data=${PGDATA:-/var/lib/postgresql/data}; echo "$data"
        df -P -k "$data" && stat -c %d "$data"'
}
# each of these takes a part of a second, and waits for the engine or a disk: all at once, and none for longer than the
# limit: an engine that hangs costs what only it knows, and not the disks and the memory
# an engine that does not let us in is installed all the same
exec 3< <(docker_data 2>&1) 4< <(database_data 2>/dev/null) \
    5< <(timeout "$limit" docker version --format '{{.Server.Version}}' 2>/dev/null ||
        timeout "$limit" docker --version 2>/dev/null | sed 's/^Docker version //; s/,.*//') \
    6< <(timeout "$limit" docker compose version --short 2>&1)
part clock date +%s.%N
part disks disks "$@"
part devices stat --format '%d %n' -- "$@"
part dockerdata cat <&3
part databasedata cat <&4
part memory cat /proc/meminfo
part load cat /proc/loadavg
part cpus nproc
part system sh -c '. /etc/os-release; echo "$PRETTY_NAME"'
part kernel uname -r
part docker cat <&5
part compose cat <&6
part git git --version
"""


@dataclass(frozen=True)
class Disk:
    """The file system that holds `path`. Inode counts are None where the file system has none, or was not asked.

    `holds`: DOCKER_DATA or DATABASE_DATA, whose `path` and `mount` are those inside its container. `device` tells file
    systems apart, whatever their paths; "" where it is not known.
    """

    path: str
    mount: str
    size_bytes: int
    free_bytes: int
    inodes: int | None
    free_inodes: int | None
    holds: str = ""
    device: str = ""

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

    def holding(self, data: str) -> Disk | None:
        """The disk of DOCKER_DATA (images, volumes without a place of their own) or DATABASE_DATA; None: not known."""
        return next((disk for disk in self.disks if disk.holds == data), None)


def survey_server(environment: Environment, *paths: str, limit_s: float = 10.0) -> Question[ServerState]:
    """The state of the server now: sizes in bytes, load of one minute, clock difference in seconds.

    `disks` are those of the project, the backups, Docker's data, the live database's, and `paths`; one that does not
    exist or does not answer within `limit_s` is left out. Raises FactUnreadable. Source: df, `docker info`, df in
    PostgreSQL's container, /proc/meminfo, /proc/loadavg, in one round trip.
    """
    usual = (environment.server.directory, environment.backup.directory)
    asked = tuple(dict.fromkeys((*usual, *paths)))

    def fetch(connections: Connections) -> ServerState:
        argv = ("bash", "-c", SURVEY, "server", environment.project, environment.database_service,
                f"{limit_s:g}", *asked)
        command = Command(argv, timeout_s=60, accepts=(0, 1, 127))
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
            disks=(*parse_disks(parts["disks"], asked, parts.get("devices", "")),
                   *_docker_disk(parts.get("dockerdata", "")), *_database_disk(parts.get("databasedata", ""))),
            memory_bytes=int(memory["MemTotal"]) * 1024,
            memory_available_bytes=int(memory["MemAvailable"]) * 1024,
            load_1m=float(parts["load"].split()[0]),
            cpus=int(parts["cpus"]),
            clock_ahead_s=_ahead(date_seconds(parts["clock"]), before, after),
            versions={name: _version(parts[name]) for name in ("system", "kernel", "docker", "compose", "git")},
        )
    except (KeyError, ValueError, IndexError) as error:
        raise FactUnreadable(
            f"The server's survey of itself lacks {error}.", next_step="Log in and run `df` and `free` on the server."
        ) from error


def parse_disks(text: str, asked: tuple[str, ...], devices: str = "") -> tuple[Disk, ...]:
    """df's lines, one for each path that it could ask, in the order asked; `devices` are stat's lines of the same.

    Source: GNU coreutils manual, df invocation.
    """
    # it does not exist, is not open to us, or its server is gone: in each case nothing is known of it
    missing = set(re.findall(r"^df: (.+?): ", text, re.MULTILINE))
    numbers = {path: number for number, _, path in (line.partition(" ") for line in lines_of(devices))}
    paths = [path for path in asked if path not in {name.strip("'‘’") for name in missing}]
    rows = [line.split() for line in lines_of(text) if line.startswith("/")]
    if len(rows) != len(paths):
        raise ValueError(f"{len(paths)} disks in df's reply: {head_of(text, 200)!r}")
    return tuple(
        Disk(path, " ".join(row[:-4]), int(row[-4]), int(row[-3]), _count(row[-2]), _count(row[-1]),
             device=numbers.get(path, ""))
        for path, row in zip(paths, rows, strict=True)
    )


def _docker_disk(text: str) -> tuple[Disk, ...]:
    """The data-root's disk, from its path, df's lines and stat's number; none where the engine did not say."""
    path, *lines = lines_of(text) or [""]
    if not path.startswith("/"):
        return ()
    device = lines[-1] if lines and lines[-1].isdigit() else ""
    return tuple(replace(one, holds=DOCKER_DATA, device=device) for one in parse_disks("\n".join(lines), (path,)))


def _database_disk(text: str) -> tuple[Disk, ...]:
    """The database's disk, by POSIX's form of df inside its container; none where no container answered."""
    found = re.search(r"^\S.*?\s(\d+)\s+\d+\s+(\d+)\s+(?:\d+%|-)\s+(/.*)\n(\d*)", text, re.MULTILINE)
    path = text.partition("\n")[0]
    if found is None or not path.startswith("/"):
        return ()
    size_kb, free_kb, mount, device = found.groups()
    return (Disk(path, mount, int(size_kb) * 1024, int(free_kb) * 1024, None, None, DATABASE_DATA, device),)


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
