"""What a dashboard consists of, as values: the SDK turns them into Grafana's schema in building.py."""

from __future__ import annotations

from dataclasses import dataclass, replace

from runbook_lib.environment import Environment
from runbook_lib.environment.metrics import Metric

COLUMNS = 24
# Grafana's names of the units in which the environment file counts
UNITS = {"req/s": "reqps", "s": "s", "%": "percent", "connections": "short", "users": "short"}

# why a metric may be missing from a healthy server, of the panels that need one
SCHEDULES = "notebook 34 has installed the schedules"
FIRST_RUN = "a scheduled job has run"
FIRST_SUCCESS = "a scheduled job has succeeded"


@dataclass(frozen=True)
class Query:
    """One PromQL and the legend of its series. `exists_after`: the event without which there is no such metric."""

    expression: str
    legend: str = ""
    exists_after: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel: a graph over time, or figures of the present. `unit` is Grafana's name of it.

    `limit` is a threshold in that unit, worse above it, or `below` it. An axis begins at zero and ends at `maximum`.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    is_figure: bool = False
    limit: float | None = None
    below: bool = False
    maximum: float | None = None


@dataclass(frozen=True)
class Dashboard:
    """One dashboard: rows of panels, all of a row equally wide. Bookmarks hold its `uid`, which never changes."""

    name: str
    uid: str
    title: str
    description: str
    rows: tuple[tuple[Panel, ...], ...]

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Every panel, from the top left."""
        return tuple(panel for row in self.rows for panel in row)


def graph(title: str, description: str, unit: str, *queries: Query, limit: float | None = None,
          below: bool = False) -> Panel:
    """Lines over time, from zero; percent up to a hundred."""
    maximum = 100 if unit == "percent" else None
    return Panel(title, description, unit, queries, limit=limit, below=below, maximum=maximum)


def figure(title: str, description: str, unit: str, *queries: Query, limit: float | None = None,
           below: bool = False) -> Panel:
    """The present value of each series, in the colour of its threshold."""
    return replace(graph(title, description, unit, *queries, limit=limit, below=below), is_figure=True)


def rate(metric: str, by: str = "") -> str:
    """PromQL: the growth a second of a counter, over the window that Grafana chooses; summed `by` labels."""
    each = f"rate({metric}[$__rate_interval])"
    return f"sum by ({by}) ({each})" if by else each


def in_an_hour(metric: str, by: str = "") -> str:
    """PromQL: the growth of a counter in an hour, summed over its series, or `by` labels."""
    return f"sum by ({by}) (increase({metric}[1h]))" if by else f"sum(increase({metric}[1h]))"


def threshold_of(metric: Metric, environment: Environment) -> float | None:
    """The figure that the metric is judged by, from its alert or its own limit; None where it has none."""
    if metric.alert is not None:
        return environment.alerts.conditions[metric.alert].above
    return metric.below if metric.above is None else metric.above
