"""Which ports a release publishes on the server, and which are taken there: by containers, and by other programs.

Source: Compose's own reading of the release (long syntax, ranges resolved); `docker inspect`, /proc/net.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any

from runbook_lib.core.foreign_json import read_json

ANY_V4, ANY_V6 = "0.0.0.0", "::"


@dataclass(frozen=True)
class HeldPort:
    """A port on an address of the server. `holder` is a service of a Compose project, a container, or empty.

    `address` "" is every address. `project` and `service` are empty for what is not a service of Compose.
    """

    protocol: str
    address: str
    port: int
    holder: str = ""
    project: str = ""
    service: str = ""

    @property
    def is_address(self) -> bool:
        """Whether the engine takes the address: it resolves no name. Compose hands on whatever the file has."""
        try:
            return not self.address or bool(ip_address(self.address))
        except ValueError:
            return False

    def meets(self, other: HeldPort) -> bool:
        """Whether the two cannot be open at once."""
        return (self.protocol, self.port) == (other.protocol, other.port) and _overlap(self.address, other.address)


@dataclass(frozen=True)
class ServerPorts:
    """What is open on the server. `lowest`: the engine may not open lower ones (0: it may open any)."""

    containers: tuple[HeldPort, ...] = ()
    sockets: tuple[HeldPort, ...] = ()
    lowest: int = 0


def wanted_ports(services: Mapping[str, Mapping[str, Any]]) -> tuple[HeldPort, ...]:
    """The ports that the services open by number. One that the engine chooses, also from a range, is left out."""
    found = []
    for name, service in services.items():
        for one in service.get("ports") or ():
            published = str(one.get("published") or "")
            if published.isdigit() and int(published):
                found.append(HeldPort(str(one.get("protocol") or "tcp"), str(one.get("host_ip") or ""), int(published),
                                      name, service=name))
    return tuple(found)


def parse_ports(records: Iterable[list[str]]) -> ServerPorts | None:
    """The records of `release_survey.sh`; None where the engine or the server did not answer. Raises ValueError."""
    known = [record for record in records if record[0].startswith("port-")]
    if ["port-end"] not in known:
        return None
    containers = [held for record in known if record[0] == "port-container" for held in _of_container(*record[1:])]
    sockets = [_socket(*record[1:]) for record in known if record[0] == "port-socket"]
    lowest = [int(record[1]) for record in known if record[0] == "port-lowest"]
    return ServerPorts(tuple(containers), tuple(sockets), max(lowest, default=0))


def _of_container(name: str, project: str, service: str, ports: str) -> Iterable[HeldPort]:
    text = base64.b64decode(ports, validate=True).decode("utf-8", "replace").strip()
    for target, places in (read_json(text) or {}).items() if text else ():
        for place in places or ():
            holder = f"{service} of {project}" if service else f"the container {name.lstrip('/')}"
            protocol, address = target.rpartition("/")[2], place.get("HostIp") or ""
            if place["HostPort"]:  # not there before the engine has chosen one
                yield HeldPort(protocol, address, int(place["HostPort"]), holder, project, service)


def _socket(protocol: str, place: str) -> HeldPort:
    """A line of /proc/net: the address in hex, each 32 bits of it in the machine's own order of bytes."""
    address, _, port = place.partition(":")
    raw = b"".join(bytes.fromhex(address[at:at + 8])[::-1] for at in range(0, len(address), 8))
    found = ip_address(raw)
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    # one that listens on :: takes the addresses of both kinds, as a rule
    return HeldPort(protocol.rstrip("6"), "" if str(found) == ANY_V6 else str(found), int(port, 16))


def _overlap(one: str, other: str) -> bool:
    if one == other or not one or not other:
        return True
    first, second = ip_address(one), ip_address(other)
    return first.version == second.version and (first.is_unspecified or second.is_unspecified)
