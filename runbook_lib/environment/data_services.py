"""Where the application's data are: the service of the database and of the cache, and who owns what in them."""

from __future__ import annotations

from collections.abc import Mapping

from runbook_lib.environment.services import Service
from runbook_lib.environment.types import DatabaseName, Name, StrictModel


class Database(StrictModel):
    """The application's PostgreSQL: the service that it runs in, its database, and the role that owns that.

    Version, image, superuser and folder of the data are asked of the server: no key can be out of date.
    """

    service: Name
    name: DatabaseName
    owner: Name


class Cache(StrictModel):
    """The application's Redis, by the service that it runs in. A restore empties it."""

    service: Name


def data_service_faults(services: Mapping[str, Service], named: Mapping[str, str]) -> list[str]:
    """What is wrong with the services that `named` names by the key's path: unknown, or a part of each release."""
    faults = [f"{path}: there is no service {name!r}" for path, name in named.items() if name not in services]
    # what every release brings anew could keep nothing
    return faults + [f"{path}: services.{name} belongs to a release, which has one of each colour"
                     for path, name in named.items() if name in services and services[name].coloured]
