"""What Prometheus sees: scrape targets, alerts, and the value of a query."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of
from runbook_lib.core.times import from_timestamp, parse_time
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered, with_deadline

NO_TARGET = "On the server: is it the project's own Prometheus, and does its prometheus.yml have `scrape_configs`?"
NO_RULE = "On the server: does its prometheus.yml name `rule_files`, and do the files exist? 42 Alert drill shows them."
T = TypeVar("T")
Series = tuple[tuple[datetime, float], ...]  # (UTC time, value)


NOT_SCRAPED = "not scraped yet"


@dataclass(frozen=True)
class ScrapeTarget:
    """One scraped address. `last_error` is Prometheus's own; `up` is False until it was scraped once."""

    job: str
    instance: str
    up: bool
    last_error: str = ""

    @property
    def waits(self) -> bool:
        """Whether nothing is known of it: Prometheus, or its configuration, is newer than an interval of scrapes."""
        return not self.up and self.last_error == NOT_SCRAPED


@dataclass(frozen=True)
class Alert:
    """An alert that is `pending` or `firing`; `runbook` is the notebook that its rule names."""

    name: str
    state: str
    severity: str = ""
    summary: str = ""
    since: datetime | None = None
    labels: dict[str, str] = field(default_factory=dict, compare=False)
    runbook: str = ""


def notebooks_for(alerts: Iterable[Alert]) -> str:
    """What to open for alerts that fire: the notebook that each rule names, else the table where all have a row."""
    named: dict[str, set[str]] = {}
    for one in alerts:
        named.setdefault(one.runbook, set()).add(one.name)
    unnamed = named.pop("", set())
    parts = [f"Open {runbook} for {' and '.join(sorted(names))}." for runbook, names in sorted(named.items())]
    return " ".join([*parts, *[f"Find {name} in the table of symptoms of 00 Start here." for name in sorted(unnamed)]])


@dataclass(frozen=True)
class Sample:
    """One series of an instant query. A value that is not a number (0/0) is None, never zero."""

    labels: dict[str, str]
    value: float | None


def scrape_targets(environment: Environment) -> Question[tuple[ScrapeTarget, ...]]:
    """All active scrape targets, by job and instance; none where the environment keeps no metrics.

    Raises EndpointUnavailable, FactUnreadable. Source: Prometheus manual, HTTP API, Targets.
    """
    return Question("monitoring targets", _unless_absent(
        environment, lambda connections: parse_targets(connections.prometheus.get("targets"))))


def active_alerts(environment: Environment) -> Question[tuple[Alert, ...]]:
    """Alerts pending or firing now, firing ones first; none where the environment keeps no metrics.

    Raises EndpointUnavailable, and FactUnreadable also for a Prometheus that shows no alert because it can raise none:
    without a target or without an alerting rule. Source: Prometheus manual, HTTP API, Alerts, Targets, Rules.
    """

    def fetch(connections: Connections) -> tuple[Alert, ...]:
        prometheus = connections.prometheus
        found = parse_alerts(prometheus.get("alerts"))
        if not found and not parse_targets(prometheus.get("targets")):
            raise FactUnreadable("Prometheus asks nothing, so no alert can fire", next_step=NO_TARGET)
        if not found and not _has_rules(prometheus.get("rules", type="alert")):
            raise FactUnreadable("Prometheus has no alerting rule, so no alert can fire", next_step=NO_RULE)
        return found

    return Question("alerts", _unless_absent(environment, fetch))


def alerts_or_reason(environment: Environment, within_s: float = 6.0) -> Question[tuple[Alert, ...] | Unanswered]:
    """The same within so many seconds; why they are not known where they are not, instead of an error."""
    return with_deadline(active_alerts(environment), within_s)


def instant_query(environment: Environment, query: str, *, name: str = "",
                  timeout_s: float | None = None) -> Question[tuple[Sample, ...]]:
    """An instant query; no series is an empty tuple: missing data, not zero. Raises as `scrape_targets`.

    `timeout_s`: seconds that it may take; None: as any question of Prometheus.
    """
    limit = {} if timeout_s is None else {"timeout": f"{math.ceil(timeout_s)}s"}

    def fetch(connections: Connections) -> tuple[Sample, ...]:
        return parse_samples(connections.prometheus.get("query", query=query, **limit))

    return Question(name or query, fetch)


def error_rate_between(environment: Environment, since: datetime, until: datetime) -> Question[Series]:
    """The environment's own `metrics.error_rate`, in its unit, at most 120 points.

    Times without a value have no point, and so has all the time where the environment keeps no metrics, or none of
    errors. Raises as `scrape_targets`.
    """
    metric = environment.metrics.get("error_rate")
    query = metric.queries.get(metric.main, "") if metric and not metric.absent_reason else ""
    # 5 s is how often Prometheus scrapes: closer points would repeat the same value
    step_s = max(5, math.ceil((until - since).total_seconds() / 120))
    words = {"start": since.isoformat(), "end": until.isoformat(), "step": str(step_s)}

    def fetch(connections: Connections) -> Series:
        return parse_series(connections.prometheus.get("query_range", query=query, **words)) if query else ()

    return Question("error rate", _unless_absent(environment, fetch))


def _unless_absent(environment: Environment, fetch: Callable[[Connections], tuple[T, ...]],
                   ) -> Callable[[Connections], tuple[T, ...]]:
    # asked all the same, it would be an error on every run: what was never there cannot be out of order
    return (lambda connections: ()) if environment.no_monitoring_reason else fetch


def parse_targets(data: Any) -> tuple[ScrapeTarget, ...]:
    """`data` of /api/v1/targets. Source: Prometheus manual, HTTP API, Targets."""
    return _read("targets", lambda: tuple(sorted(
        (
            ScrapeTarget(
                job=str(one["labels"]["job"]),
                instance=str(one["labels"]["instance"]),
                up=one["health"] == "up",
                last_error=str(one.get("lastError") or (NOT_SCRAPED if one["health"] == "unknown" else "")),
            )
            for one in data["activeTargets"]
        ),
        key=lambda target: (target.job, target.instance),
    )))


def parse_alerts(data: Any) -> tuple[Alert, ...]:
    """`data` of /api/v1/alerts. Source: Prometheus manual, HTTP API, Alerts."""
    return _read("alerts", lambda: tuple(sorted(
        (
            Alert(
                name=str(one["labels"]["alertname"]),
                state=str(one["state"]),
                severity=str(one["labels"].get("severity", "")),
                summary=str(one.get("annotations", {}).get("summary", "")),
                since=parse_time(one["activeAt"]) if one.get("activeAt") else None,
                labels=dict(one["labels"]),
                runbook=str(one.get("annotations", {}).get("runbook", "")),
            )
            for one in data["alerts"]
        ),
        key=lambda alert: (alert.state != "firing", alert.name),
    )))


def _has_rules(data: Any) -> bool:
    return _read("alerting rules", lambda: any(one["type"] == "alerting" for group in data["groups"]
                                               for one in group["rules"]))


def parse_samples(data: Any) -> tuple[Sample, ...]:
    """`data` of /api/v1/query: a vector or a scalar. Source: Prometheus manual, HTTP API, Expression query results."""

    def read() -> tuple[Sample, ...]:
        if data["resultType"] == "scalar":
            return (Sample({}, _number(data["result"][1])),)
        if data["resultType"] != "vector":
            raise ValueError(f"a {data['resultType']}; a vector or a scalar was asked for")
        return tuple(Sample(dict(one["metric"]), _number(one["value"][1])) for one in data["result"])

    return _read("the query", read)


def parse_series(data: Any) -> Series:
    """`data` of /api/v1/query_range with one series or none. Source: Prometheus manual, HTTP API, Range queries."""

    def read() -> Series:
        if data["resultType"] != "matrix" or len(data["result"]) > 1:
            raise ValueError(f"{len(data['result'])} series as {data['resultType']}, where one was asked for")
        points = data["result"][0]["values"] if data["result"] else []
        numbers = ((from_timestamp(at), _number(value)) for at, value in points)
        return tuple((at, value) for at, value in numbers if value is not None)

    return _read("the error rate", read)


def _read(what: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise FactUnreadable(
            head_of(f"Prometheus's reply about {what} is of an unknown form: {error!r}", 300),
            next_step="Open Prometheus on the server (port 9090) and compare.",
        ) from error


def _number(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None
