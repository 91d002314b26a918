"""Which service does what: the names that Compose gives them, asked of the environment and written nowhere else."""

from __future__ import annotations

from typing import Protocol

from runbook_lib.core.errors import AbsentPart
from runbook_lib.environment.compose import Compose
from runbook_lib.environment.data_services import Cache, Database
from runbook_lib.environment.release import Monitoring, Proxy, ReleaseRules, both_slots, service_of_slot
from runbook_lib.environment.services import COLOURS, Service


class _Described(Protocol):
    """What the environment file says."""

    name: str
    title: str
    compose: Compose
    services: dict[str, Service]
    release: ReleaseRules
    proxy: Proxy | None
    monitoring: Monitoring | None
    database: Database | None
    cache: Cache | None
    without: dict[str, str]

    @property
    def absent_services(self) -> dict[str, str]: ...

    @property
    def database_service(self) -> str: ...

    @property
    def no_database_reason(self) -> str: ...

    @property
    def cache_service(self) -> str: ...

    @property
    def proxy_service(self) -> str: ...

    @property
    def data_services(self) -> tuple[str, ...]: ...


class Roles:
    """The services of an environment by what they do."""

    @property
    def profiles(self: _Described) -> tuple[str, ...]:
        """Compose's profiles that are active next to the live colour's, without those of absent services."""
        return tuple(name for name in self.compose.profiles if name not in self.absent_services)

    @property
    def data_services(self: _Described) -> tuple[str, ...]:
        """Database and cache as Compose names them, without what this environment does without."""
        both = (self.database_service, self.cache_service)
        return tuple(name for name in both if name and name not in self.absent_services)

    @property
    def postgres(self: _Described) -> Database:
        """The database, for what cannot do without. Raises AbsentPart where this environment has none."""
        if self.database is None:
            raise AbsentPart(f"This environment has no database: {self.no_database_reason}.", where=self.name,
                             next_step="`runbook doctor -e` names the runbooks that need none; 33 Back up the "
                             "configuration archives files that users upload.")
        return self.database

    @property
    def database_service(self: _Described) -> str:
        """The database as Compose names it; empty where this environment has none."""
        return self.database.service if self.database else ""

    @property
    def database_words(self: _Described) -> tuple[str, str, str]:
        """Service, database and owner as programs on the server take them; three empty words where there is none."""
        one = self.database
        return (one.service, one.name, one.owner) if one else ("", "", "")

    @property
    def no_database_reason(self: _Described) -> str:
        """Why this environment has no database; empty where it has one."""
        return self.without.get("database", "") if self.database is None else ""

    @property
    def no_statements_reason(self: _Described) -> str:
        """Why nothing counts the database's statements, or there is none; empty where they should be counted."""
        return self.no_database_reason or self.without.get("statements", "")

    @property
    def cache_service(self: _Described) -> str:
        """The cache as Compose names it; empty where this environment has none."""
        return self.cache.service if self.cache and self.cache.service not in self.absent_services else ""

    @property
    def no_cache_reason(self: _Described) -> str:
        """Why this environment has no cache; empty where it has one."""
        return self.without.get("cache", "") if self.cache is None else self.absent_services.get(self.cache.service, "")

    @property
    def shared_services(self: _Described) -> tuple[str, ...]:
        """What every release of this environment needs and none brings along: the proxy and the data services."""
        return (*((self.proxy_service,) if self.proxy_service else ()), *self.data_services)

    @property
    def proxy_service(self: _Described) -> str:
        """What sends users to the release, as Compose names it; empty where the project has no such service."""
        return (self.proxy.service if self.proxy else None) or ""

    @property
    def metrics_service(self: _Described) -> str:
        """Where metrics are kept, as Compose names it; empty where this environment has none."""
        name = self.monitoring.metrics if self.monitoring else ""
        return "" if name in self.absent_services else name

    @property
    def title_within(self: _Described) -> str:
        """The title as it stands within a sentence: *the lab*, where it begins with an article."""
        return f"the {self.title[4:]}" if self.title.startswith("The ") else self.title

    @property
    def alerts_service(self: _Described) -> str:
        """What sends alerts, as Compose names it; empty where this environment has none."""
        name = (self.monitoring.alerts if self.monitoring else None) or ""
        return "" if name in self.absent_services else name

    @property
    def no_monitoring_reason(self: _Described) -> str:
        """Why this environment keeps no metrics; empty where it does."""
        if self.monitoring is None:
            return self.without.get("monitoring", "")
        return self.absent_services.get(self.monitoring.metrics, "")

    @property
    def absent_services(self: _Described) -> dict[str, str]:
        """Services that this environment does without, each with the reason."""
        return {name: service.absent_reason for name, service in self.services.items() if not service.required}

    def running_services(self: _Described, colour: str) -> tuple[str, ...]:
        """Compose service names that must run while `colour` is live; absent ones are left out.

        With the strategy recreate any text will do.
        """
        # a wrong colour would name services that never run, and a check of them that never fails
        if colour not in COLOURS and not self.release.replaced:
            raise ValueError(f"a colour is one of {', '.join(COLOURS)}, not {colour!r}")
        return tuple(
            service_of_slot(name, colour) if service.coloured else name
            for name, service in self.services.items()
            if service.required
        )

    def slot(self: _Described, colour: str) -> tuple[str, ...]:
        """The services of the release in one colour, as Compose names them."""
        return tuple(self.release.in_slot(name, colour) for name in self.release.services)

    def api_of(self: _Described, colour: str) -> str:
        """The service that stands for the release in one colour, as Compose names it."""
        return self.release.in_slot(self.release.api, colour)

    def writers_of(self: _Described, colour: str) -> tuple[str, ...]:
        """What writes into the database while `colour` is live, as Compose names it."""
        return tuple(self.release.in_slot(name, colour) for name in self.release.writers)

    @property
    def writers(self: _Described) -> tuple[str, ...]:
        """The same of any colour."""
        return self.release.writers if self.release.replaced else both_slots(self.release.writers)
