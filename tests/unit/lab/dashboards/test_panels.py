"""The parts of dashboards, as values."""

from __future__ import annotations

from lab.dashboards.panels import Query, figure, graph, in_an_hour, rate, threshold_of
from runbook_lib.environment import Environment
from runbook_lib.environment.metrics import Metric
from tests.unit.staging.conftest import environment

__all__ = ["environment"]


def test_a_graph_of_percent_ends_at_a_hundred_and_others_where_their_data_do() -> None:
    assert graph("a", "b", "percent", Query("up")).maximum == 100
    assert graph("a", "b", "bytes", Query("up")).maximum is None
    assert figure("a", "b", "percent", Query("up"), limit=3, below=True).maximum == 100
    assert figure("a", "b", "s", Query("up")).is_figure
    assert not graph("a", "b", "s", Query("up")).is_figure


def test_counters_are_shown_by_their_growth() -> None:
    assert rate("requests_total") == "rate(requests_total[$__rate_interval])"
    assert rate('requests_total{a="b"}', "route") == 'sum by (route) (rate(requests_total{a="b"}[$__rate_interval]))'
    assert in_an_hour("failures_total") == "sum(increase(failures_total[1h]))"
    assert in_an_hour("failures_total", "channel") == "sum by (channel) (increase(failures_total[1h]))"


def test_a_threshold_is_that_of_the_alert_or_the_metrics_own(environment: Environment) -> None:
    assert threshold_of(Metric(title="a", queries={"b": "up"}, minimum_change=1, alert="CpuUsageHigh"), environment) == 80
    assert threshold_of(Metric(title="a", queries={"b": "up"}, minimum_change=1, above=0), environment) == 0
    assert threshold_of(Metric(title="a", queries={"b": "up"}, minimum_change=1, below=5), environment) == 5
    assert threshold_of(Metric(title="a", queries={"b": "up"}, minimum_change=1), environment) is None
