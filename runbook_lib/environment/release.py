"""How a release of the application gets its users here, and what of the application writes into its database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from runbook_lib.environment.services import Service
from runbook_lib.environment.types import Name, StrictModel

Strategy = Literal["blue-green", "recreate"]


class ReleaseRules(StrictModel):
    """What a release is made of, and how one follows another.

    `blue-green`: its services are those with `coloured: true`; two releases run next to each other, and the proxy says
    which one has the traffic. `recreate`: its `services` have one container each, which the next release replaces.
    `writers` are other services that write into the database, such as workers: with the release's own they are stopped
    while a restore swaps databases.
    """

    strategy: Strategy = "blue-green"
    services: tuple[Name, ...] = ()
    writers: tuple[Name, ...] = ()

    @property
    def replaced(self) -> bool:
        """Whether a release replaces the previous one's containers, so that there are no colours."""
        return self.strategy == "recreate"

    @property
    def stopped_for_a_restore(self) -> tuple[str, ...]:
        """The services of `recreate` that rest while databases are swapped, those that users reach first."""
        return (*self.services, *(name for name in self.writers if name not in self.services))


def release_faults(release: ReleaseRules, services: Mapping[str, Service], data: tuple[str, ...]) -> list[str]:
    """What the release and the rest of the file do not agree on, each with its path."""
    named = {"release.services": release.services, "release.writers": release.writers}
    faults = [f"{path}: there is no service {name!r}" for path, names in named.items() for name in names
              if name not in services]
    # stopped for a restore, it could not be filled; and a release replaces no data
    faults += [f"{path}: {name} keeps the application's data" for path, names in named.items() for name in names
               if name in data]
    coloured = [name for name, service in services.items() if service.coloured]
    if release.replaced:
        faults += [f"services.{name}.coloured: with release.strategy recreate there are no colours" for name in coloured]
        if not release.services:
            faults.append("release.services: is missing; with the strategy recreate, name the services of a release")
    elif release.services:
        faults.append("release.services: blue-green takes the services that have coloured: true; leave it out")
    return faults
