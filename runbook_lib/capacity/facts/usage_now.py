"""What is used at this moment and Prometheus does not know: containers, folders and images, asked in one round trip."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.core.times import from_epoch
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import parse_size, parse_start

LIMIT_S = 20  # of each part on the server; the whole takes a second or two
_NANO = 1e9


@dataclass(frozen=True)
class ContainerUse:
    """What a running container has used since `started_at` (UTC) and holds now. None: not known, or no limit is set.

    `cores` is its mean use of processors since its start; `throttled_percent` the share of the scheduler's periods in
    which it was held back by its processor limit. `memory_bytes` is without what the kernel can drop at any time.
    """

    service: str
    started_at: datetime | None
    cores: float | None
    throttled_percent: float | None
    cpu_limit: float | None
    memory_bytes: int | None
    memory_limit_bytes: int | None
    oom_killed: bool


@dataclass(frozen=True)
class FolderUse:
    """The size of a folder on its disk; None where it does not exist, is too slow, or is not open to the server's user.

    `reason` is why it is not known, or that a part of it is not open; empty where it is whole.
    """

    path: str
    size_bytes: int | None
    reason: str = ""
    exists: bool = True


@dataclass(frozen=True)
class UsageNow:
    """`images`: sizes in bytes of what Docker keeps, by its own words (Images, Local Volumes, Build Cache)."""

    at: datetime
    containers: tuple[ContainerUse, ...]
    folders: tuple[FolderUse, ...]
    images: dict[str, int]
    reclaimable: dict[str, int]
    failed: tuple[str, ...] = ()


_REASONS = {"whole": "", "part": "a part of it is not open to the server's user", "none": "there is no such folder",
            "slow": f"not measured within {LIMIT_S} s"}


def usage_now(environment: Environment) -> Question[UsageNow]:
    """Use of containers, of backup and log folders, and of Docker's images. Raises FactUnreadable.

    Source: the kernel's control groups (cpu.stat, memory.stat), `docker inspect`, du, `docker system df`.
    """
    kept = environment.configuration_backup
    folders = dict.fromkeys((environment.backup.directory, *kept.log_folders, kept.logs_directory,
                             kept.files_directory))

    def fetch(connections: Connections) -> UsageNow:
        argv = ("bash", "-c", programs.text("capacity/usage.sh"), "usage", environment.project, str(LIMIT_S), *folders)
        return parse_usage(connections.server.run(Command(argv, timeout_s=LIMIT_S * (4 + len(folders)))).stdout)

    return Question("use of containers, folders and images", fetch)


def parse_usage(text: str) -> UsageNow:
    """The program's reply. Raises FactUnreadable."""
    lines = [line.split("\t") for line in lines_of(text) if line]
    try:
        at = next(from_epoch(fields[1]) for fields in lines if fields[0] == "clock")
        counters: dict[str, dict[str, str]] = {}
        for fields in lines:
            if fields[0] == "cgroup":
                counters.setdefault(fields[1], {})[fields[2]] = fields[3]
        docker = [read_json(fields[1]) for fields in lines if fields[0] == "docker"]
        return UsageNow(
            at=at,
            containers=tuple(sorted((_container(fields, counters.get(fields[1], {}), at) for fields in lines
                                     if fields[0] == "container"), key=lambda one: one.service)),
            folders=tuple(_folder(fields) for fields in lines if fields[0] == "folder"),
            images={str(one["Type"]): parse_size(one["Size"]) for one in docker},
            # "1.2GB (40%)", of volumes without the share
            reclaimable={str(one["Type"]): parse_size(one["Reclaimable"].partition("(")[0]) for one in docker},
            failed=tuple(fields[1] for fields in lines if fields[0] == "failed"),
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration) as error:
        raise FactUnreadable(
            f"The server's reply about what is used has an unknown form: {head_of(repr(error), 150)}.",
            where=head_of(text, 200), next_step="Run `docker inspect`, `du` and `docker system df` on the server.",
        ) from error


def _container(fields: list[str], counters: dict[str, str], now: datetime) -> ContainerUse:
    _, _, service, started, nano, memory, killed = fields
    began, cpu = parse_start(started), _numbers(counters.get("cpu.stat", ""))
    seconds = (now - began).total_seconds() if began else 0.0
    used_s = cpu["usage_usec"] / 1e6 if "usage_usec" in cpu else (
        int(counters["cpuacct.usage"].rstrip(",")) / _NANO if counters.get("cpuacct.usage") else None)
    periods = cpu.get("nr_periods", 0)
    held = counters.get("memory.current") or counters.get("memory.usage_in_bytes")
    stat = _numbers(counters.get("memory.stat", ""))
    idle = stat.get("total_inactive_file", stat.get("inactive_file", 0))
    return ContainerUse(
        service=service, started_at=began,
        cores=used_s / seconds if used_s is not None and seconds >= 1 else None,
        throttled_percent=100.0 * cpu["nr_throttled"] / periods if periods and "nr_throttled" in cpu else None,
        cpu_limit=int(nano) / _NANO or None, memory_limit_bytes=int(memory) or None,
        memory_bytes=max(0, int(held.rstrip(",")) - idle) if held else None,
        oom_killed=killed == "true",
    )


def _folder(fields: list[str]) -> FolderUse:
    _, path, size, result = fields
    reason = _REASONS[result]
    return FolderUse(path, int(size) if result == "whole" or (result == "part" and int(size)) else None, reason,
                     exists=result != "none")


def _numbers(text: str) -> dict[str, int]:
    """`nr_periods 5,nr_throttled 0,` as numbers by name; what is not a pair is left out."""
    pairs = (one.split() for one in text.split(","))
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}
