"""A review of a year by a test's own days, and the server's reply with one container."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from runbook_lib.capacity.checks.capacity_review import CapacityReview, review_capacity
from runbook_lib.capacity.facts.usage_history import HistoryWindow, UsageHistory
from runbook_lib.capacity.facts.usage_now import ContainerUse, FolderUse, UsageNow
from runbook_lib.environment import Environment
from runbook_lib.observability.facts.alert_drills import DrillTime
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.metric_ranges import Grid, Values
from tests.unit.observability_doubles import staging

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LOST = Unanswered("use", "no answer within 30 s", "40 Health")
MB = 1024 * 1024


def window(days: int = 60, drills: tuple[DrillTime, ...] = ()) -> HistoryWindow:
    return HistoryWindow(Grid(NOW - timedelta(days=days), NOW, 3600), 365, NOW - timedelta(days=days), clock_ahead_s=0.1, drills=drills)


def container(service: str = "redis", **fields: Any) -> ContainerUse:
    plain: dict[str, Any] = {"started_at": NOW - timedelta(days=7), "cores": 0.05, "throttled_percent": 1.0, "cpu_limit": 0.5,
                             "memory_bytes": 100 * MB, "memory_limit_bytes": 512 * MB, "oom_killed": False}
    return ContainerUse(service, **(plain | fields))


def usage(*containers: ContainerUse) -> UsageNow:
    return UsageNow(NOW, containers or (container(),), (FolderUse("/backups/postgres", 3 * MB),), {"Images": 9 * MB}, {"Images": 2 * MB})


def review(values: Mapping[str, Callable[[float], float | None]], *, days: int = 60, used: UsageNow | Unanswered | None = None,
           environment: Environment | None = None, drills: tuple[DrillTime, ...] = ()) -> CapacityReview:
    """These resources by name, each a function of the day since the beginning; the others were not had."""
    span = window(days, drills)
    histories = [UsageHistory(name, Values([function(place / 24) for place in range(len(span.grid))])) for name, function in values.items()]
    return review_capacity(environment or staging(), span, (*histories, usage() if used is None else used))
