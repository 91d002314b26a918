"""Where the application's data are: the service of the database and of the cache, and who owns what in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from runbook_lib.core.text import did_you_mean
from runbook_lib.environment.services import Service
from runbook_lib.environment.types import ComposeName, DatabaseName, RoleName, StrictModel

# what an environment may be without: every notebook that asks for it has an answer. Others follow one by one.
OPTIONAL_PARTS = ("database", "cache", "health", "smoke", "monitoring")
# where a part is given, if not under its own name
_PLACES = {"health": "health.endpoints", "writes": "a step of smoke with `writes`"}
# what may be left out unexplained; where there is a reason, the reports have it
KEYLESS_PARTS = ("migrations", "page", "statements", "writes")

# PostgreSQL makes these on every server: a restore could not create another one, nor rename the live one
SERVER_DATABASES = ("postgres", "template0", "template1")
OWN_DATABASE = ("give the application a database of its own (CREATE DATABASE app OWNER its_role, then its rows by "
                "pg_dump and psql), and name that one in its address and in database.name")


class Database(StrictModel):
    """The application's PostgreSQL: the service that it runs in, its database, and the role that owns that.

    An environment that has none leaves it out, and says in `without.database` what keeps its data. Then 30, 31 and 32
    are not for it, and 20 makes no backup; 33 archives `configuration_backup.uploads`.

    Version, image, superuser and folder of the data are asked of the server: no key can be out of date.
    """

    service: ComposeName
    name: DatabaseName
    owner: RoleName


class Cache(StrictModel):
    """The application's Redis, Valkey or KeyDB, by the service that it runs in. A restore empties it.

    `database` is the number that the application uses, as at the end of its URL (`redis://cache:6379/2`): that one
    alone is emptied.

    An environment that has none leaves it out (`cache: null` where it extends one that has), and says why in
    `without.cache`.
    """

    service: ComposeName
    database: Annotated[int, Field(ge=0, le=100_000)] = 0


def data_service_faults(services: Mapping[str, Service], named: Mapping[str, str]) -> list[str]:
    """What is wrong with the services that `named` names by the key's path: unknown, or a part of each release."""
    faults = [f"{path}: there is no service {name!r}" for path, name in named.items() if name not in services]
    # a restore empties the one and fills the other
    faults += [f"{path}: {name} is named for something else as well" for place, (path, name) in enumerate(named.items())
               if name in [*named.values()][:place]]
    # what every release brings anew could keep nothing
    return faults + [f"{path}: services.{name} belongs to a release, which has one of each colour"
                     for path, name in named.items() if name in services and services[name].coloured]


def part_faults(given: Mapping[str, bool], without: Mapping[str, str]) -> list[str]:
    """What is wrong with `without`: a part that cannot be left out, and one that is given and explained, or neither."""
    known = (*OPTIONAL_PARTS, *KEYLESS_PARTS)
    faults = [f"without.{part}: only {', '.join(known)} can be left out{did_you_mean(part, known)}"
              for part in without if part not in known]
    faults += [f"without.{part}: {_PLACES.get(part, part)} is given as well; leave one of them out ({part}: null)"
               for part in KEYLESS_PARTS if given.get(part) and part in without]
    for part in OPTIONAL_PARTS:
        place = _PLACES.get(part, part)
        if given[part] and part in without:
            faults.append(f"without.{part}: {place} is given as well; leave one of them out ({place}: null)")
        elif not given[part] and part not in without:
            faults.append(f"{place}: give it, or say in without.{part} why this environment has none")
    return faults


def around_faults(services: Mapping[str, Service], named: Mapping[str, str]) -> list[str]:
    """What is wrong with the services of proxy and monitoring, which `named` names by the key's path."""
    faults = [f"{path}: there is no service {name!r}" for path, name in named.items() if name not in services]
    return faults + [f"{path}: services.{name} belongs to a release, which has one of each colour"
                     for path, name in named.items() if name in services and services[name].coloured]
