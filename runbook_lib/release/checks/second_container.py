"""One more container of a service for a moment, as candidate or for a migration: what stands in its way. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runbook_lib.core.findings import Finding, finding
from runbook_lib.environment import Environment
from runbook_lib.release.facts.repository import ComposeConfig

CANDIDATE = "a candidate of {} can run next to the live one"
MIGRATION = "a container of {} for migrations can run next to the live one"
NO_CANDIDATE = ("Leave it out of release.candidates, and say why in release.no_candidate_reason. Or change the "
                "service in the release's Compose file.")
OTHER_SERVICE = ("Name another service of the release in migrations.service, which has the code and none of this. Or "
                 "change the service in the release's Compose file.")
# an engine's host reaches none of its own containers there. Source: Docker's manual, network drivers
OUT_OF_REACH = ("macvlan", "ipvlan", "overlay")
# the proxy goes by these alone, and has no label that leaves a container out. Source: caddy-docker-proxy, issue 389
_CADDY = re.compile(r"caddy(_[0-9]+)?(\..*)?")


def second_containers(config: ComposeConfig, environment: Environment) -> tuple[Finding, ...]:
    """Known before anything is done: a service that cannot run twice would end a deployment in the middle."""
    release, rules = environment.release, environment.migrations
    found = []
    for name in release.candidates:
        service = config.services.get(name, {})
        asked = any(rule.service == name for rule in environment.health.endpoints.values())
        wrong = [*_anywhere(service), *_network(service, config, asked=asked)]
        found.append(_finding(CANDIDATE.format(name), wrong, NO_CANDIDATE))
    if release.replaced and rules is not None and not rules.at_start:
        name = rules.service or release.api
        found.append(_finding(MIGRATION.format(name), _anywhere(config.services.get(name, {})), OTHER_SERVICE))
    return tuple(found)


def _finding(check: str, wrong: list[str], next_step: str) -> Finding:
    return finding(check, not wrong, measured="; ".join(wrong) or "yes", expected="yes", next_step=next_step)


def _anywhere(service: Mapping[str, Any]) -> list[str]:
    """What no two containers have: an address, and a proxy's labels that send it users."""
    networks = service.get("networks") or {}
    fixed = [f"{key} {one[key]} in {name}" for name, one in networks.items()
             for key in ("ipv4_address", "ipv6_address", "mac_address") if one and one.get(key)]
    fixed += [f"mac_address {service['mac_address']}"] if service.get("mac_address") else []
    labels = sorted(name for name in service.get("labels") or {} if _CADDY.fullmatch(name))
    return [*(f"the live one has {one}, and two cannot" for one in fixed),
            *([f"the labels {', '.join(labels)} would send users to it"] if labels else [])]


def _network(service: Mapping[str, Any], config: ComposeConfig, *, asked: bool) -> list[str]:
    mode = str(service.get("network_mode") or "")
    if mode == "host" or mode.startswith(("service:", "container:")):
        return [f"network_mode: {mode}, where the live one has its ports"]
    drivers = {str((config.networks.get(name) or {}).get("driver") or "bridge")
               for name in service.get("networks") or {}}
    if asked and (mode == "none" or (drivers and drivers <= set(OUT_OF_REACH))):
        what = f"network_mode: {mode}" if mode else f"a network with the driver {', '.join(sorted(drivers))}"
        return [f"{what} gives it no address at which the server could ask for its health"]
    return []
