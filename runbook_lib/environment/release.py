"""What a release is made of, how one follows another, and what of the application writes into its database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from runbook_lib.environment.services import Service
from runbook_lib.environment.types import Name, Port, StrictModel

# without a tag; a registry may have a port. Source: OCI distribution specification, names
ImageName = Annotated[str, StringConstraints(
    pattern=r"^([a-z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$", max_length=200)]


class ReleaseService(StrictModel):
    """One service that every release brings anew, its `image` without a tag, and the port that it listens on."""

    image: ImageName
    port: Port


class ReleaseRules(StrictModel):
    """What a release is made of, and how one follows another.

    `blue-green`: two releases run next to each other, those services twice that have `coloured: true`, and the proxy
    says which one has the traffic. `recreate`: each service has one container, which the next release replaces.
    `writers` are what writes into the database, workers too: they are stopped while a restore swaps databases.
    """

    strategy: Literal["blue-green", "recreate"] = "blue-green"
    services: dict[Name, ReleaseService] = Field(default_factory=dict)
    writers: tuple[Name, ...] = ()

    @property
    def replaced(self) -> bool:
        """Whether a release replaces the previous one's containers, so that there are no colours."""
        return self.strategy == "recreate"


def release_faults(release: ReleaseRules, services: Mapping[str, Service], data: tuple[str, ...]) -> list[str]:
    """What the release and the rest of the file do not agree on, each with its path; `data` are its data services."""
    named = {"release.services": tuple(release.services), "release.writers": release.writers}
    faults = [f"{path}: there is no service {name!r}" for path, names in named.items() for name in names
              if name not in services]
    # stopped for a restore, it could not be filled; and a release replaces no data
    faults += [f"{path}: {name} keeps the application's data" for path, names in named.items() for name in names
               if name in data]
    if not release.replaced:
        return faults
    faults += [f"services.{name}.coloured: with release.strategy recreate there are no colours"
               for name, service in services.items() if service.coloured]
    needed = {"services": "the services of a release", "writers": "what writes into the database"}
    return faults + [f"release.{part}: is missing; with the strategy recreate, name {what}"
                     for part, what in needed.items() if not getattr(release, part)]
