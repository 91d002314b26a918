"""What running services need to follow a release: nothing, a reload, a restart, or a new container."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.text import lines_of
from runbook_lib.release.facts.validation_runs import program_of

How = Literal["reload", "restart", "recreate"]


@dataclass(frozen=True)
class ServiceChange:
    """How one service follows a release. `settings` are the names that wait for a restart.

    `values` are what a reload changes while the service runs: name, new and previous value; `kept` the same of what
    the safety of a database's data depends on. `used_bytes` is what a cache holds, where that is known.
    """

    service: str
    program: str | None
    how: How
    settings: tuple[str, ...] = ()
    values: tuple[tuple[str, str, str], ...] = ()
    kept: tuple[tuple[str, str, str], ...] = ()
    used_bytes: int | None = None


def renewed_services(changes: Iterable[ServiceChange] | None) -> frozenset[str] | None:
    """The services that get a new container; None where it was not asked."""
    return None if changes is None else frozenset(one.service for one in changes if one.how == "recreate")


def parse_changes(text: str, services: Mapping[str, Mapping[str, Any]]) -> tuple[ServiceChange, ...]:
    """The `recreate`, `restart` and `reload` lines that `configuration.sh` prints, one change a service.

    Raises FactUnreadable where a line is not in that form, and where Compose could not say what it would change.
    """
    if "dry-run\tfailed" in lines_of(text):
        raise FactUnreadable("Which running services the release changes is not known: Compose's dry run failed.",
                             where="the Compose file of the release",
                             next_step="Run 10 Preflight for this ref. On the server, `docker compose version` must be "
                             "2.17 or later, and `docker info` must answer; then run again.")
    try:
        return _changes(text, services)
    except (ValueError, IndexError) as cause:
        raise FactUnreadable("What the services need to follow the release cannot be read.", where="configuration.sh",
                             next_step="Run the notebook again.") from cause


def _changes(text: str, services: Mapping[str, Mapping[str, Any]]) -> tuple[ServiceChange, ...]:
    records = [line.split("\t") for line in lines_of(text)]
    names = list(dict.fromkeys(record[1] for record in records if record[0] in ("recreate", "restart", "reload")))
    changes = []
    for name in names:
        mine = [record for record in records if len(record) > 1 and record[1] == name]
        settings = tuple(record[2] for record in mine if record[0] == "restart")
        # PostgreSQL reloads its files whole: its line names no setting
        values, kept = (tuple((record[2], _decoded(record[3]), _decoded(record[4]))
                              for record in mine if record[0] == kind and len(record) > 4)
                        for kind in ("reload", "value"))
        used = next((int(record[2]) for record in mine if record[0] == "used"), None)
        recreated = any(record[0] == "recreate" for record in mine)
        how: How = "recreate" if recreated else "restart" if settings else "reload"
        changes.append(ServiceChange(name, program_of(name, services.get(name, {})), how, settings, values,
                                     kept, used))
    return tuple(changes)


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode("utf-8", "replace")
