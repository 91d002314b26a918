"""The plan's performance tuning: every value that is planned, and how each is seen in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from runbook_lib.environment.types import (
    ComposeName,
    Count,
    DatabaseName,
    Line,
    Memory,
    Percent,
    SecretName,
    StrictModel,
    Text,
    UrlPath,
)

if TYPE_CHECKING:
    from runbook_lib.environment.services import Service

# what PostgreSQL takes as the name of a setting of its own; with a dot, that of an extension
SettingName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$")]
# patterns are joined to others by spaces on their way to the server
KeyPattern = Annotated[str, StringConstraints(pattern=r"^[^\s\p{Cc}\p{Cf}]{1,200}$")]
Milliseconds = Annotated[int, Field(ge=1, le=3_600_000)]
Planned = Literal["workers", "pool_size", "cache_ttl_s"]


class CachedReply(StrictModel):
    """A reply of the API that is cached: `path` is read twice, and the second reply's `header` has to be `hit`.

    `keys` is the pattern of its entries in the cache, whose time to live is asked. A path that seldom is asked for
    (another page, another limit) shows the time from its beginning.
    """

    path: UrlPath
    header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,60}$")]
    hit: Line
    keys: KeyPattern | None = None


class BackendTuning(StrictModel):
    """Workers, connection pool and cache. `pool_size` counts one backend's connections, all workers together.

    `service` and `process` say whose processes are counted: those whose command names `process`. `variables` are what
    each worker is asked for of its environment, and which planned value that has to be. `pool_query` is a PromQL of the
    pool's size as the application itself reports it.
    """

    server: Text | None = None
    workers: Count | None = None
    pool_size: Count | None = None
    cache_ttl_s: Count | None = None
    service: ComposeName | None = None
    process: Line | None = None
    variables: dict[SecretName, Planned] = Field(default_factory=dict)
    pool_query: Text | None = None
    cached: tuple[CachedReply, ...] = ()

    @property
    def needed(self) -> tuple[str, ...]:
        """The planned values that another key of it is compared with."""
        counted = ("workers",) if self.service else ()
        timed = ("cache_ttl_s",) if any(one.keys for one in self.cached) else ()
        return (*counted, *timed, *self.variables.values(), *(("pool_size",) if self.pool_query else ()))


class FrontendTuning(StrictModel):
    """How the pages are served, and what a browser has to meet.

    `nginx_workers`: a number, or `auto` for one a processor; counted in `service`, by the name `process`. `page` is
    read as a browser reads it, with every script and style that it names: what has `compressed_from_bytes` or more
    has to come compressed, files whose names carry a hash have to be kept for `asset_cache_s` seconds at least, and
    the page itself for no time at all. Scripts that are loaded before anything shows are `first_load_kb` at most,
    compressed.
    """

    nginx_workers: Annotated[str, StringConstraints(pattern=r"^(auto|[1-9][0-9]{0,3})$")] | None = None
    measures: tuple[Text, ...] = ()
    service: ComposeName | None = None
    process: Line | None = None
    page: UrlPath | None = None
    compressed_from_bytes: Count = 1024
    asset_cache_s: Count = 2_592_000
    first_load_kb: Count = 250


class PostgresTuning(StrictModel):
    """Settings of postgresql.conf, and the care the plan asks for.

    `settings` are further ones, as SHOW prints them or with any unit. `statements_database` is where the extension
    pg_stat_statements was created, if not in the environment's own database.
    """

    max_connections: Count | None = None
    shared_buffers: Memory | None = None
    measures: tuple[Text, ...] = ()
    settings: dict[SettingName, Line] = Field(default_factory=dict)
    statements_database: DatabaseName | None = None

    @property
    def planned(self) -> dict[str, str]:
        """Every planned setting of the server, by its name."""
        own = {"max_connections": self.max_connections, "shared_buffers": self.shared_buffers}
        return {**{name: str(value) for name, value in own.items() if value is not None}, **self.settings}


class RedisTuning(StrictModel):
    """Settings of redis.conf; `maxmemory` stays below the container's limit.

    `settings` are further ones, as CONFIG GET prints them. `session_keys` is the pattern of the keys that hold
    sessions; each of them has to end at some time.
    """

    maxmemory: Memory | None = None
    maxmemory_policy: Text | None = None
    uses: tuple[Text, ...] = ()
    settings: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")], Line] = Field(
        default_factory=dict)
    session_keys: KeyPattern | None = None

    @property
    def planned(self) -> dict[str, str]:
        """Every planned setting, by its name."""
        own = {"maxmemory": self.maxmemory, "maxmemory-policy": self.maxmemory_policy}
        return {**{name: value for name, value in own.items() if value is not None}, **self.settings}


class TuningLimits(StrictModel):
    """From where on 62 Tuning review reports what it has found.

    `statement_ms`: mean time of a statement. A table is searched for a missing index from `table_rows` rows and
    `whole_reads` reads of the whole table on; an index that was never used counts from `index_mb` on, and only where
    the statistics are `statistics_days` old. `dead_percent` and `bloat_percent` are shares of a table's rows and of its
    pages (or an index's), `transaction_minutes` the age of a transaction that holds vacuum up, `freeze_percent` the
    share of autovacuum_freeze_max_age. Hit ratios are judged from `lookups` look-ups on.
    """

    statement_ms: Milliseconds = 500
    statement_calls: Count = 5
    table_rows: Count = 10_000
    whole_reads: Count = 20
    index_mb: Count = 1
    statistics_days: Annotated[int, Field(ge=1, le=3_650)] = 7
    dead_percent: Percent = 20
    bloat_percent: Percent = 50
    bloat_mb: Count = 10
    transaction_minutes: Annotated[int, Field(ge=1, le=100_000)] = 15
    freeze_percent: Percent = 90
    buffer_hit_percent: Percent = 95
    cache_hit_percent: Percent = 50
    lookups: Count = 10_000


class Tuning(StrictModel):
    """The plan's performance tuning: 62 compares what is planned here with what is in force, and nothing else.

    What is not planned is not applicable. `measures`, `uses` and `server` are a plan's words, for people.
    """

    backend: BackendTuning = BackendTuning()
    frontend: FrontendTuning = FrontendTuning()
    postgres: PostgresTuning = PostgresTuning()
    redis: RedisTuning = RedisTuning()
    limits: TuningLimits = TuningLimits()

    @model_validator(mode="after")
    def _can_be_asked(self) -> Tuning:
        for name, part in self:
            if isinstance(part, (BackendTuning, FrontendTuning)) and (part.service is None) != (part.process is None):
                raise ValueError(f"{name}: service and process go together; whose processes are counted, by which name")
        missing = [f"backend.{name}" for name in self.backend.needed if getattr(self.backend, name) is None]
        missing += ["frontend.nginx_workers"] if self.frontend.service and self.frontend.nginx_workers is None else []
        if missing:
            raise ValueError(f"{missing[0]}: is missing; another key of it says how it is seen in force")
        twice = [name for name in ("max_connections", "shared_buffers") if name in self.postgres.settings]
        if twice:
            raise ValueError(f"postgres.settings.{twice[0]}: is planned already, by postgres.{twice[0]}")
        return self


def tuning_faults(tuning: Tuning, services: Mapping[str, Service]) -> list[str]:
    """What the tuning and the rest of the file do not agree on."""
    named = {part: getattr(value, "service", None) for part, value in tuning}
    return [f"tuning.{part}.service: there is no service {name!r}" for part, name in named.items()
            if name is not None and name not in services]
