"""The containers of the environment's Compose project: state, health, restarts, memory against the limit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.engine import ENGINE_S, ask_engine
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.core.times import parse_time
from runbook_lib.environment import Environment

_NEVER = "0001-01-01"  # the zero time of Go, for a container that has not started

# asked of all containers at once, and of those that are there now where one was removed since they were listed
_OF_ALL = """
tries=0
while :; do
    ids=$(docker ps {listed} --quiet --no-trunc --filter "label=com.docker.compose.project=$1") || exit $?
    [ -n "$ids" ] || {{ printf '%s' '{none}'; exit 0; }}
    found=$({asked}) && break
    [ $((tries += 1)) -lt 5 ] || exit 1
done
printf '%s\\n' "$found"
"""


def of_all(asked: str, listed: str = "", none: str = "") -> str:
    """A shell program: `asked` of the project's containers, whose ids are in $ids; `none` where there is none.

    `listed` are more words of `docker ps`. Its argument is the project. Docker fails as a whole for one that is gone.
    """
    return _OF_ALL.format(asked=asked, listed=listed, none=none)


_INSPECT = of_all("docker inspect $ids", '--all --filter "label=com.docker.compose.oneoff=False"', "[]")
_STATS = of_all("docker stats --no-stream --no-trunc --format '{{json .}}' $ids")
# By Compose's labels and not by name: a recreation that was interrupted leaves its hash in front of the name, and
# `container_name` in a Compose file gives it any.
NOT_RUNNING = 126  # of `exec_in`
_EXEC = rf"""
project=$1 service=$2; shift 2
found=$(timeout {ENGINE_S:g} docker ps --quiet --no-trunc --filter status=running \
    --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$service" --filter "label=com.docker.compose.oneoff=False") || {{
    [ $? != 124 ] || echo "Cannot connect to the Docker daemon: it hangs, no answer within {ENGINE_S:g} s" >&2
    exit 125
}}
set -- "${{found%%[!0-9a-f]*}}" "$@"
[ -n "$1" ] || {{ echo "no container of $service is running" >&2; exit 126; }}
exec docker exec --interactive "$@"
"""


@dataclass(frozen=True)
class Container:
    """One container. `health` is None where the service has no health check; `memory_bytes` None unless asked for.

    `unchecked` is why its service may have no health check; empty where it must have one.
    """

    name: str
    service: str
    image: str
    image_id: str
    state: str
    health: str | None
    restart_count: int
    oom_killed: bool
    exit_code: int
    started_at: datetime | None
    labels: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    memory_limit_bytes: int | None = None
    memory_bytes: int | None = None
    container_id: str = ""
    unchecked: str = ""

    @property
    def is_healthy(self) -> bool:
        """It runs, and its health check passes where its service must have one."""
        return self.state == "running" and (self.health == "healthy" or (self.health is None and bool(self.unchecked)))


def exec_in(environment: Environment, service: str, *words: str) -> tuple[str, ...]:
    """The command that runs `words` in the running container of a service, standard input passed on.

    Its exit code is that of `words`; 126: no container of the service is running; 125: the engine did not answer.
    """
    return ("sh", "-c", _EXEC, "docker exec", environment.project, service, *words)


def not_running(environment: Environment, service: str) -> FactUnreadable:
    """What NOT_RUNNING of `exec_in` means to an operator."""
    return FactUnreadable(f"No container of {service} is running.", where=f"Compose project {environment.project}",
                          next_step=f"On the server: docker compose -p {environment.project} ps --all {service}. "
                          "40 Health shows what starts it again.")


def survey_containers(environment: Environment) -> Question[tuple[Container, ...]]:
    """All containers of the project, running or not, sorted by service. Raises DockerUnavailable, FactUnreadable.

    One-off containers (`docker compose run`) are left out. Source: `docker inspect`.
    """

    def fetch(connections: Connections) -> tuple[Container, ...]:
        command = Command(("sh", "-c", _INSPECT, "containers", environment.project))
        reasons = {name: one.no_health_check_reason for service, one in environment.services.items()
                   for name in one.containers(service)}
        found = parse_containers(ask_engine(connections.server.run, command).stdout)
        return tuple(replace(one, unchecked=reasons.get(one.service) or "") for one in found)

    return Question("containers", fetch)


def measure_memory(environment: Environment) -> Question[tuple[Container, ...]]:
    """The running containers with `memory_bytes` filled in; takes about two seconds.

    It stays None for one that is between two starts. Raises DockerUnavailable, FactUnreadable. Source: `docker stats`.
    """

    def fetch(connections: Connections) -> tuple[Container, ...]:
        containers = survey_containers(environment).fetch(connections)
        command = Command(("sh", "-c", _STATS, "memory", environment.project), timeout_s=60)
        used = parse_memory(connections.server.run(command).stdout)
        return tuple(
            replace(one, memory_bytes=used[one.container_id]) for one in containers if one.container_id in used
        )

    return Question("container memory", fetch)


def parse_containers(text: str) -> tuple[Container, ...]:
    """The reply of `docker inspect`, sorted by service. Raises FactUnreadable for any other text."""
    try:
        found = [_container(one) for one in read_json(text)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FactUnreadable(
            f"`docker inspect` replied in an unknown form ({type(error).__name__}: {head_of(str(error), 100)}).",
            next_step="Run `docker inspect` on the server; an engine older than 20.10 is not supported.",
        ) from error
    return tuple(sorted(found, key=lambda one: one.service))


def parse_memory(text: str) -> dict[str, int | None]:
    """Container id → bytes in use, from the JSON lines of `docker stats`; None where it knows of none.

    Raises FactUnreadable.
    """
    used: dict[str, int | None] = {}
    for line in lines_of(text):
        if not line.strip():
            continue
        try:
            row = read_json(line)
            size = row["MemUsage"].partition("/")[0]
            # one that ended or is between two starts uses none: the others do, and are asked for just then
            used[str(row["ID"])] = None if size.strip() == "--" else parse_size(size)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FactUnreadable("`docker stats` replied in an unknown form.", where=head_of(line, 200)) from error
    return used


_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
          "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def parse_size(text: str) -> int:
    """Bytes of a size as Docker writes it: `12.5MiB`, `1.2GB`, `0B`. Raises ValueError."""
    match = re.fullmatch(r"\s*([0-9.]+)\s*([A-Za-z]+)\s*", text)
    if match is None or match[2].lower() not in _UNITS:
        raise ValueError(f"not a size: {text!r}")
    return round(float(match[1]) * _UNITS[match[2].lower()])


def _container(inspected: dict[str, Any]) -> Container:
    state, labels = inspected["State"], inspected["Config"].get("Labels") or {}
    # no health check: no "Health" at all, or "none" where a Compose file disables the image's own
    health = (state.get("Health") or {}).get("Status")
    return Container(
        name=inspected["Name"].lstrip("/"),
        service=labels.get("com.docker.compose.service", inspected["Name"].lstrip("/")),
        image=inspected["Config"]["Image"],
        image_id=inspected["Image"],
        state=state["Status"],
        health=None if health in (None, "none", "") else str(health),
        restart_count=int(inspected.get("RestartCount", 0)),
        oom_killed=bool(state.get("OOMKilled", False)),
        exit_code=int(state.get("ExitCode", 0)),
        started_at=parse_start(state.get("StartedAt") or _NEVER),
        labels=dict(labels),
        memory_limit_bytes=int(inspected["HostConfig"].get("Memory") or 0) or None,
        container_id=inspected["Id"],
    )


def parse_start(text: str) -> datetime | None:
    """A time as Docker writes it, in UTC; None for its "never". Raises ValueError."""
    return None if text.startswith(_NEVER) else parse_time(text)
