"""What labels and variables of a service say to a proxy that reads them: its names, its port, and which proxy it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# Source: Traefik's manual, routing with Docker; nginx-proxy's manual
_RULE = re.compile(r"traefik\.https?\.routers\.[^.]+\.rule", re.I)
_PORT = re.compile(r"traefik\.https?\.services\.[^.]+\.loadbalancer\.server\.port", re.I)
_HOSTS = re.compile(r"\bHost\(([^)]*)\)", re.I)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
TRAEFIK, OTHER = "traefik", "other"


@dataclass(frozen=True)
class Routing:
    """`kind` is the proxy's, as the environment file has it; empty where no proxy reads anything of the service.

    `hosts` are the names that users type; `port` is where it listens, 0 where nothing says it.
    """

    kind: str = ""
    hosts: tuple[str, ...] = ()
    port: int = 0


def routing_of(labels: Mapping[str, str], variables: Mapping[str, str]) -> Routing:
    """What a Traefik or an nginx-proxy does with the service. A name that is made from variables is none here."""
    rules = [value for name, value in labels.items() if _RULE.fullmatch(name)]
    if rules and labels.get("traefik.enable", "true").lower() != "false":
        given = [one for rule in rules for found in _HOSTS.findall(rule) for one in re.split(r"[`\"',\s]+", found)]
        ports = [value for name, value in labels.items() if _PORT.fullmatch(name)]
        return Routing(TRAEFIK, _names(given), _number(ports[0] if len(set(ports)) == 1 else ""))
    if variables.get("VIRTUAL_HOST", "").strip():
        return Routing(OTHER, _names(re.split(r"[,\s]+", variables["VIRTUAL_HOST"])),
                       _number(variables.get("VIRTUAL_PORT", "")))
    return Routing()


def _names(words: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in words if _HOST.fullmatch(one)))


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"\d{1,5}", text.strip()) and 1 <= int(text) <= 65_535 else 0
