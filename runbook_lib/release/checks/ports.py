"""Can the engine open every port that the release publishes on the server? Pure.

Asked before anything live is touched: the fault would show when a service is started, in the middle of a deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.environment.services import COLOURS
from runbook_lib.release.facts.ports import HeldPort, ServerPorts, wanted_ports
from runbook_lib.release.facts.repository import ComposeConfig

ONCE = "every port of the Compose file is opened once"
FREE = "the ports of the Compose file are free on the server"
ADDRESSES = "the engine takes the addresses of the Compose file"
LOW = "the engine may open the ports of the Compose file"
CORRECT = "Give one of them another port in the Compose file, or none."


def ports_can_be_opened(config: ComposeConfig, environment: Environment, ports: ServerPorts | None,
                        ) -> tuple[Finding, ...]:
    """Ports that two services have, that are taken on the server, and that are too low for the engine.

    `ports` None: the server did not say. Services that no runbook starts are left out: they may be alternatives.
    """
    started = {name: one for name, one in config.services.items() if _is_started(one, environment)}
    named = wanted_ports(started)
    wanted = tuple(one for one in named if one.is_address)
    twice = [*_twice(wanted), *_repeated(started)]
    once = finding(ONCE, not twice, measured="; ".join(twice) or "yes", expected="yes", next_step=CORRECT)
    known = (once, *_addresses(named))
    if ports is None:
        return (*known, finding(FREE, None, measured="the server's open ports are not known", expected="yes",
                              next_step="Check `docker ps` on the server, then run again."))
    taken = [one for port in wanted for one in _taken(port, ports, environment.project)]
    free = finding(FREE, not taken, measured="; ".join(dict.fromkeys(taken)) or "yes", expected="yes",
                   next_step="On the server: `ss -lntup` and `docker ps` show who has it. Stop that, or give the "
                   "service another port in the Compose file.")
    return (*known, free, *_low(wanted, ports, environment.project))


def _is_started(service: Mapping[str, Any], environment: Environment) -> bool:
    started = {None, *COLOURS, *environment.compose.profiles, *environment.services}
    return bool(set(service.get("profiles") or (None,)) & started)


def _addresses(named: tuple[HeldPort, ...]) -> list[Finding]:
    wrong = [f"{one.service}: {one.address} of {one.port}/{one.protocol}" for one in named if not one.is_address]
    return [finding(ADDRESSES, False, measured="; ".join(wrong), expected="each host_ip is an IP address",
                    next_step="Write it in numbers (127.0.0.1, ::1) in the Compose file.")] if wrong else []


def _twice(wanted: tuple[HeldPort, ...]) -> list[str]:
    found = []
    for place, one in enumerate(wanted):
        others = [other.service for other in wanted[place + 1:] if one.meets(other)]
        found += [f"{one.port}/{one.protocol}: {one.service} and {other}" if other != one.service
                  else f"{one.port}/{one.protocol}: {one.service} twice" for other in others]
    return found


def _repeated(services: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A service of several containers cannot give each of them the same port."""
    found = []
    for name, service in services.items():
        count = int(service.get("scale") or (service.get("deploy") or {}).get("replicas") or 1)
        found += [f"{one.port}/{one.protocol}: {count} containers of {name}"
                  for one in wanted_ports({name: service}) if count > 1]
    return found


def _taken(wanted: HeldPort, ports: ServerPorts, project: str) -> list[str]:
    name = f"{wanted.port}/{wanted.protocol} of {wanted.service}"
    own = _own(wanted, ports, project)
    others = [one for one in ports.containers if one.meets(wanted) and one not in own]
    if others:
        return [f"{name} is taken by {others[0].holder}"]
    # the engine itself listens for the ports of its containers
    programs = [one for one in ports.sockets if one.meets(wanted) and not any(one.meets(ours) for ours in own)]
    return [f"{name} is taken by a program on {programs[0].address or 'every address'}"] if programs else []


def _low(wanted: tuple[HeldPort, ...], ports: ServerPorts, project: str) -> list[Finding]:
    # a warning: a rootless engine may have been given the right, which cannot be seen before it uses it
    low = sorted({f"{one.service}: {one.port}" for one in wanted
                  if one.port < ports.lowest and not _own(one, ports, project)})
    return [Finding(LOW, Verdict.WARNING, "; ".join(low), f"{ports.lowest} or higher: it is rootless",
                    "As root on the server: sysctl net.ipv4.ip_unprivileged_port_start.")] if low else []


def _own(wanted: HeldPort, ports: ServerPorts, project: str) -> list[HeldPort]:
    """What the service has open now: it is made anew in its own place."""
    return [one for one in ports.containers if (one.project, one.service) == (project, wanted.service)
            and (one.protocol, one.port) == (wanted.protocol, wanted.port)]
