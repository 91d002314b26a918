"""How the services of Compose projects run now: what a release may change of it without any probe failing."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runbook_lib.core.foreign_json import read_json

# Docker's own where no file names any. Source: docker run reference
STOP_S, SHM_BYTES = 10, 64 * 1024 * 1024


@dataclass(frozen=True)
class RunningService:
    """A service of a Compose project, as the engine started its containers, of which there are `containers`.

    `memory_bytes` and `open_files` are 0 without a limit; `hostname` is empty where the engine chose it; `user` where
    neither the image nor a file names one: then it is root. Of `variables` only PGDATA, TZ and PGTZ are known.
    """

    project: str
    service: str
    containers: int = 1
    restart: str = ""
    log: str = ""
    memory_bytes: int = 0
    shm_bytes: int = SHM_BYTES
    read_only: bool = False
    stop_s: float = STOP_S
    open_files: int = 0
    hostname: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    security: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def parse_running(records: Iterable[list[str]]) -> tuple[RunningService, ...]:
    """The `settings` records of `release_survey.sh`, a value for each service. Raises ValueError.

    Source: `docker inspect`, Config and HostConfig.
    """
    found: dict[tuple[str, str], RunningService] = {}
    for _, project, service, encoded in (record for record in records if record[0] == "settings"):
        about = read_json(base64.b64decode(encoded, validate=True).decode("utf-8", "replace")) or {}
        known = found.get((project, service))
        found[project, service] = replace(known, containers=known.containers + 1) if known else _service(
            project, service, about)
    return tuple(found[one] for one in sorted(found))


def _service(project: str, service: str, about: Mapping[str, Any]) -> RunningService:
    given = dict(str(one).partition("=")[::2] for one in about.get("variables") or () if one)
    open_files = [int(one.get("Soft") or 0) for one in about.get("ulimits") or () if one.get("Name") == "nofile"]
    hostname, stop_s = str(about.get("hostname") or ""), about.get("stop_s")
    return RunningService(
        project, service, restart=str(about.get("restart") or ""), log=str(about.get("log") or ""),
        memory_bytes=int(about.get("memory") or 0), shm_bytes=int(about.get("shm") or SHM_BYTES),
        read_only=bool(about.get("read_only")), stop_s=float(STOP_S if stop_s is None else stop_s),
        open_files=max(open_files, default=0), variables=given, user=str(about.get("user") or ""),
        security=tuple(map(str, about.get("security") or ())), dropped=tuple(map(str, about.get("dropped") or ())),
        hostname="" if str(about.get("id") or "").startswith(hostname) else hostname)
