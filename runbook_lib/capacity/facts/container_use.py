"""CPU and memory of each container, sampled while a load is sent: counters of the engine, two of them make a share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.times import parse_time
from runbook_lib.environment import Environment

SERVICE = "com.docker.compose.service"
# pages that the kernel gives back at once: `docker stats` does not count them either (cgroup v2, v1)
RECLAIMABLE = ("inactive_file", "total_inactive_file")


@dataclass(frozen=True)
class UseSample:
    """One container at one moment: `at_s` is a UNIX time by the server's clock, `cpu_ns` grows while it works."""

    service: str
    at_s: float
    cpu_ns: int
    memory_bytes: int


@dataclass(frozen=True)
class UsePoint:
    """A container's use since the sample before: percent of its limits in the environment file."""

    at_s: float
    cpu_percent: float
    memory_percent: float


def sample_use(environment: Environment) -> Question[tuple[UseSample, ...]]:
    """One sample of every running container. Raises DockerUnavailable, FactUnreadable. Source: the engine's `stats`."""

    def fetch(connections: Connections) -> tuple[UseSample, ...]:
        api = connections.docker.client().api
        found = api.containers(filters={"label": f"com.docker.compose.project={environment.project}"})
        samples = []
        for container in found:
            name = (container.get("Labels") or {}).get(SERVICE)
            if name:  # one-shot: without it the engine waits a second for each, to compute what we compute
                samples.append(parse_sample(name, api.stats(container["Id"], stream=False, one_shot=True)))
        return tuple(sample for sample in samples if sample)

    return Question("use of the containers", fetch)


def parse_sample(service: str, stats: Mapping[str, Any]) -> UseSample | None:
    """The engine's reply; None for a container that has just stopped. Raises FactUnreadable."""
    try:
        memory = stats["memory_stats"]
        if "usage" not in memory:  # an exited container: no memory, and a time of the year 1
            return None
        inner = memory.get("stats") or {}
        reclaimable = next((int(inner[name]) for name in RECLAIMABLE if name in inner), 0)
        return UseSample(service, parse_time(stats["read"]).timestamp(),
                         int(stats["cpu_stats"]["cpu_usage"]["total_usage"]),
                         max(0, int(memory["usage"]) - reclaimable))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FactUnreadable("The engine replied to `stats` in an unknown form.", where=service,
                             next_step="An engine older than 20.10 is not supported.") from error


def use_over_time(samples: Iterable[UseSample], environment: Environment) -> dict[str, tuple[UsePoint, ...]]:
    """Each container's use between its samples, in their order; a counter that fell (a restart) makes no point."""
    points: dict[str, list[UsePoint]] = {}
    before: dict[str, UseSample] = {}
    limits = {container: (service.cpus, service.memory_bytes) for name, service in environment.services.items()
              for container in service.containers(name)}
    for one in sorted(samples, key=lambda sample: sample.at_s):
        last = before.get(one.service)
        before[one.service] = one
        if last is None or one.service not in limits or one.at_s <= last.at_s or one.cpu_ns < last.cpu_ns:
            continue
        cpus, memory_bytes = limits[one.service]
        cores = (one.cpu_ns - last.cpu_ns) / 1e9 / (one.at_s - last.at_s)
        points.setdefault(one.service, []).append(
            UsePoint(one.at_s, 100 * cores / cpus, 100 * one.memory_bytes / memory_bytes))
    return {name: tuple(found) for name, found in points.items()}
