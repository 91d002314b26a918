"""What runs on the server: services with their limits, and networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from runbook_lib.environment.health import Health, Probe
from runbook_lib.environment.types import (
    AbsolutePath,
    ComposeName,
    Count,
    Memory,
    Port,
    StrictModel,
    Text,
    memory_bytes,
)

COLOURS = ("blue", "green")


class Service(StrictModel):
    """One service of the plan. A coloured one runs as `<name>-blue` or `<name>-green`, or both for a while.

    `host_mounts` are folders of the server, not its own, that it may mount read-only: what it measures. `needs` are the
    services without which it cannot do its work; `probe` is how it is asked directly. One that has no session with what
    it needs between two requests says so in `brief_sessions_reason`, one without a health check why in
    `no_health_check_reason`. `published` ones may open their `ports` to the world; where there are none, the proxy
    alone may. `cpus` and `memory` are compared with the Compose file and with what runs, each where it is given.
    `host_network_reason` says why it is on the server's own network (`network_mode: host`), as some agents are.
    `technology` says what a Grafana is; `purpose` and `health` are a plan's words.
    """

    title: Text
    technology: Text | None = None
    purpose: Text | None = None
    ports: tuple[Port, ...] = ()
    # users reach it without a proxy of ours in front
    published: bool = False
    # what is reached through the link alone; a published port would be open to the world
    loopback_port: Port | None = None
    cpus: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] | None = None
    memory: Memory | None = None
    networks: tuple[Text, ...] = ()
    # what is not said to do without is missed
    critical: bool = True
    coloured: bool = False
    # an absent service is declared, never guessed from a container that is not there
    required: bool = True
    absent_reason: str = ""
    health: Text | None = None
    # running is enough where there is one
    no_health_check_reason: Text | None = None
    # a session that is open for one request alone is seldom seen
    brief_sessions_reason: Text | None = None
    host_mounts: tuple[AbsolutePath, ...] = ()
    host_network_reason: Text | None = None
    needs: tuple[ComposeName, ...] = ()
    probe: Probe | None = None

    @property
    def port(self) -> int:
        """The port that serves users: the last of `ports` (nginx: 443, not the redirecting 80); 0 where it has none."""
        return self.ports[-1] if self.ports else 0

    @property
    def memory_bytes(self) -> int | None:
        """The planned memory limit in bytes; None where none is planned."""
        return memory_bytes(self.memory) if self.memory else None

    @property
    def limits_words(self) -> str:
        """The planned limits for people; empty where none is planned."""
        return ", ".join(([f"{self.cpus:g} CPU"] if self.cpus else []) + ([self.memory] if self.memory else []))

    def containers(self, name: str) -> tuple[str, ...]:
        """The Compose service names that this service, called `name` in the plan, can run under."""
        return tuple(f"{name}-{colour}" for colour in COLOURS) if self.coloured else (name,)


class Network(StrictModel):
    """One network of the plan. `internal` networks have no way out of the server."""

    purpose: Text
    internal: bool


class RateLimit(StrictModel):
    """Requests a minute for one address; `exempt` are networks in CIDR form, none by default."""

    requests_per_minute: Count
    burst: Annotated[int, Field(ge=0, le=1_000_000_000)]
    exempt: tuple[Text, ...] = ()


def dependency_faults(services: Mapping[str, Service], health: Health, *, has_database: bool) -> list[str]:
    """What is wrong with `needs` and with what claims and probes ask: unknown services, circles, nothing to ask."""
    faults = [] if has_database else [
        *(f"services.{name}.probe.kind: {one.probe.kind} is asked as the owner of `database`, and there is none"
          for name, one in services.items() if one.probe is not None and one.probe.needs_database),
        *(f"health.claims.{title}.equals: there is no `database`, which has the schema's revision"
          for title, claim in health.claims.items() if claim.equals == "schema_revision")]
    faults += [f"services.{name}.needs: there is no service {needed!r}"
              for name, service in services.items() for needed in service.needs if needed not in services]
    faults += [f"health.endpoints.{path}.service: there is no service {one.service!r}"
               for path, one in health.endpoints.items() if one.service not in services]
    for title, claim in health.claims.items():
        faults += [f"health.claims.{title}.services: there is no service {name!r}"
                   for name in claim.services if name not in services]
        faults += [f"health.claims.{title}.services: services.{name} has no probe, so it cannot be asked"
                   for name in claim.services if name in services and services[name].probe is None]
    # a circle would be followed for ever where the cause of a failure is looked for
    return faults or [f"services.{name}.needs: it needs itself, by way of others" for name in services
                      if name in needed_by(services, name)]


def needed_by(services: Mapping[str, Service], name: str) -> tuple[str, ...]:
    """All services that one needs, and those that they need, nearest first."""
    found: dict[str, None] = {}
    waiting = list(services[name].needs)
    while waiting:
        one = waiting.pop(0)
        if one not in found:
            found[one] = None
            waiting += services[one].needs
    return tuple(found)


def service_by_technology(services: Mapping[str, Service], technology: str) -> str | None:
    """The name of the first service made with `technology`, whatever it is called; None where none is."""
    return next((name for name, one in services.items()
                 if (one.technology or "").casefold().split()[:1] == [technology.casefold()]), None)
