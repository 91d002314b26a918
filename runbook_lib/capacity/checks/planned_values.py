"""Each planned value next to what is in force, wherever it is set. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.capacity.checks.planned_database import database_values
from runbook_lib.capacity.checks.planned_services import cache_values, limit_values, pool_value, process_values
from runbook_lib.capacity.checks.planned_value import PlannedValue
from runbook_lib.capacity.facts.database_settings import DatabaseSettings
from runbook_lib.capacity.facts.server_tuning import ServerTuning
from runbook_lib.core.findings import Finding
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.monitoring import Sample


def planned_values(environment: Environment, settings: DatabaseSettings | Unanswered, server: ServerTuning | Unanswered,
                   pool: tuple[Sample, ...] | Unanswered | None) -> tuple[PlannedValue, ...]:
    """Every planned value, whether or not it could be asked for."""
    return (*database_values(environment, settings), *cache_values(environment, server),
            *limit_values(environment, server), *process_values(environment, server), pool_value(environment, pool))


def values_in_force(values: Iterable[PlannedValue]) -> tuple[Finding, ...]:
    """Each value is in force as planned; none waits for a restart, and no role or database overrides it."""
    return tuple(one.finding for one in values)
