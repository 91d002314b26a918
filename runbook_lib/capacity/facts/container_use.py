"""CPU and memory of each container, sampled while a load is sent, as shares of its limits."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import of_all, parse_size

# One call for all, in two seconds: asked one by one through its API, the engine takes a second for each container.
_PROGRAM = of_all("""docker inspect --format '{{.Id}} {{index .Config.Labels "com.docker.compose.service"}}' $ids \\
    && docker stats --no-stream --no-trunc --format '{{json .}}' $ids""")


@dataclass(frozen=True)
class UseSample:
    """One container at one moment, a UNIX time by this machine's clock; `cpu_percent` is of one core."""

    service: str
    at_s: float
    cpu_percent: float
    memory_bytes: int


@dataclass(frozen=True)
class UsePoint:
    """A container's use at one moment, in percent of its limits in the environment file."""

    at_s: float
    cpu_percent: float
    memory_percent: float


def sample_use(environment: Environment) -> Question[tuple[UseSample, ...]]:
    """One sample of every running container. Raises DockerUnavailable, FactUnreadable. Source: `docker stats`."""

    def fetch(connections: Connections) -> tuple[UseSample, ...]:
        command = Command(("sh", "-c", _PROGRAM, "container use", environment.project), timeout_s=60)
        # the clock of the generator, which no one sets: a step of the other would take the samples from the load
        return parse_use(connections.server.run(command).stdout, time.monotonic())

    return Question("use of the containers", fetch)


def parse_use(text: str, at_s: float) -> tuple[UseSample, ...]:
    """Lines of `<id> <service>`, then the JSON lines of `docker stats`. Raises FactUnreadable for any other form.

    A container that has stopped between the two has no line of its own, or one without figures.
    """
    services: dict[str, str] = {}
    samples = []
    for line in lines_of(text):
        try:
            if line.startswith("{"):
                row = read_json(line)
                if "--" not in (row["CPUPerc"], row["MemUsage"].partition(" ")[0]) and services.get(str(row["ID"])):
                    samples.append(UseSample(services[str(row["ID"])], at_s, float(row["CPUPerc"].rstrip("%")),
                                             parse_size(row["MemUsage"].partition("/")[0])))
            elif line.strip():
                identity, _, service = line.partition(" ")
                services[identity] = service.strip()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FactUnreadable("`docker stats` replied in an unknown form.", where=head_of(line, 200)) from error
    return tuple(samples)


def use_over_time(samples: Iterable[UseSample], environment: Environment) -> dict[str, tuple[UsePoint, ...]]:
    """Each container's use as shares of its service's limits, in the order of time; without a limit it has none."""
    points: dict[str, list[UsePoint]] = {}
    limits = {container: (service.cpus, service.memory_bytes) for name, service in environment.services.items()
              if service.cpus and service.memory_bytes for container in service.containers(name)}
    for one in sorted(samples, key=lambda sample: sample.at_s):
        if one.service in limits:
            cpus, memory_bytes = limits[one.service]
            points.setdefault(one.service, []).append(
                UsePoint(one.at_s, one.cpu_percent / cpus, 100 * one.memory_bytes / memory_bytes))
    return {name: tuple(found) for name, found in points.items()}
