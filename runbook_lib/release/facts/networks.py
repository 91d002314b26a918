"""Networks of Compose projects as the engine has them now. Source: `docker network inspect`."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runbook_lib.core.foreign_json import read_json


@dataclass(frozen=True)
class LiveNetwork:
    """One network of a project, by its name in the Compose file; `full_name` is the engine's."""

    project: str
    name: str
    internal: bool
    driver: str
    ipv6: bool
    subnets: frozenset[str] = frozenset()
    options: Mapping[str, str] = field(default_factory=dict)
    full_name: str = ""
    in_use: bool = False


def parse_networks(records: Iterable[list[str]]) -> tuple[LiveNetwork, ...]:
    """The `network` records of `release_survey.sh`. Raises ValueError, KeyError, TypeError."""
    return tuple(_network(*record[1:]) for record in records if record[0] == "network")


def _network(project: str, name: str, encoded: str) -> LiveNetwork:
    found: dict[str, Any] = read_json(base64.b64decode(encoded, validate=True).decode("utf-8", "replace"))
    given = (found.get("IPAM") or {}).get("Config") or ()
    return LiveNetwork(project, name, bool(found["Internal"]), str(found["Driver"]), bool(found.get("EnableIPv6")),
                       frozenset(str(one["Subnet"]) for one in given if one.get("Subnet")),
                       {str(key): str(value) for key, value in (found.get("Options") or {}).items()},
                       str(found.get("Name") or ""), bool(found.get("Containers")))
