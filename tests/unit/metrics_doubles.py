"""A review of an hour, a point a minute: the values that a test gives, and nothing of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from runbook_lib.observability.checks.metric_marks import Mark
from runbook_lib.observability.checks.metrics_review import MetricsReview, review_metrics
from runbook_lib.observability.facts.alert_drills import DrillTime
from runbook_lib.observability.facts.metric_history import (
    BEFORE,
    NOW,
    WEEK_BEFORE,
    AlertPeriod,
    MetricHistory,
    MetricsWindow,
)
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.metric_ranges import Grid, Values
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from tests.unit.observability_doubles import staging

BEGIN = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = MetricsWindow(Grid(BEGIN, BEGIN + timedelta(minutes=59), 60), 0.1, BEGIN - timedelta(days=20))
NOTHING = Unanswered("metric", "not part of this test")


def history(name: str, main: str, values: Sequence[float | None]) -> MetricHistory:
    known = Values(values)
    return MetricHistory(name, {NOW: {main: known}, BEFORE: {main: NOTHING}, WEEK_BEFORE: {main: NOTHING}})


def deployed(*minutes: float) -> Deployed:
    """A server on which a release was deployed at each of these minutes of the hour."""
    releases = tuple(Release("c" * 40, f"v3.{number}.0", "green", "0003", f"20261127T12{minute:02.0f}00Z-abcdef", "ops", "", BEGIN
                             + timedelta(minutes=minute)) for number, minute in enumerate(minutes, start=1))
    return Deployed("green", None, None, None, None, frozenset(), releases)


def review(values: Mapping[str, Sequence[float | None]], *, releases: Iterable[float] = (),
           marks: Sequence[Mark] | None = None, drills: Iterable[DrillTime] = (),
           alerts: Iterable[AlertPeriod] = ()) -> MetricsReview:
    """These metrics by name, with enough requests where a test says nothing of them."""
    environment = staging()
    given = {"request_rate": [2.0] * 60, **values}
    histories = [history(name, environment.metrics[name].main, given.get(name, [])) if name in given else MetricHistory(
        name, {window: {environment.metrics[name].main: NOTHING} for window in (NOW, BEFORE, WEEK_BEFORE)}) for name in environment.metrics]
    made = review_metrics(environment, replace(HOUR, drills=tuple(drills)), (*histories, deployed(*releases), NOTHING, tuple(alerts)))
    return made if marks is None else replace(made, marks=tuple(marks))
