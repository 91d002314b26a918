"""How much a service may use, in either of the two forms that Compose takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ServiceLimits:
    """What a service's containers may use; None where the Compose file sets no limit."""

    cpus: float | None = None
    memory_bytes: int | None = None
    pids: int | None = None


def limits_of(service: Mapping[str, Any]) -> ServiceLimits:
    """The limits of a service as Compose resolves it: `deploy.resources.limits`, or the older keys next to the image.

    Compose refuses a file in which the two differ. Source: Compose file reference, `cpus`, `mem_limit`, `pids_limit`.
    """
    limits = (service.get("deploy") or {}).get("resources", {}).get("limits") or {}

    def value(name: str, older: str) -> Any:
        # 0 and -1 are no limit
        found = limits.get(name) or service.get(older)
        return found if found and float(found) > 0 else None

    cpus, memory, pids = value("cpus", "cpus"), value("memory", "mem_limit"), value("pids", "pids_limit")
    return ServiceLimits(float(cpus) if cpus else None, int(memory) if memory else None, int(pids) if pids else None)
