"""The plan's metrics as data: what cannot be asked or judged is refused before anything is contacted."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from runbook_lib.environment import Environment, load_environment
from runbook_lib.environment.metrics import Metric
from tests.unit.environment_doubles import faults_of, overlay

RULES = Path(__file__).parents[3] / "staging/prometheus/rules/measures.yml"


def test_staging_asks_for_every_metric_of_the_plan(staging: Environment) -> None:
    words = {"request_rate": "Request rate", "response_time": "Response time", "error_rate": "Error rate", "cpu_usage": "CPU",
             "memory_usage": "Memory", "connection_pool": "connection pool", "cache_hits": "Cache hit", "active_users": "Active users"}
    assert set(staging.metrics) == set(words)
    for word in words.values():
        assert any(word in one for one in staging.health.monitored), word
    assert list(staging.metrics["response_time"].queries) == ["p50", "p95", "p99"]


def test_what_staging_asks_for_is_recorded_by_its_rules(staging: Environment) -> None:
    recorded = {rule["record"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}
    asked = [query for metric in staging.metrics.values() for query in metric.queries.values()]
    assert [query for query in asked if not any(name in query for name in recorded)] == []


def test_the_judged_line_is_the_named_one_or_the_first(staging: Environment) -> None:
    assert staging.metrics["response_time"].main == "p95"
    assert staging.metrics["error_rate"].main == "errors"


@pytest.mark.parametrize(("metrics", "fault"), [
    ("{cache_hits: {queries: null}}", "metrics.cache_hits.queries: should be a mapping of keys to values"),
    ("{cache_hits: {queries: {hits: 7}}}", "metrics.cache_hits.queries.hits: should be text, got 7"),
    ("{cache_hits: {queries: {hits: ''}}}", "metrics.cache_hits.queries.hits: should not be empty"),
    ("{cache_hits: {judged: misses}}", "judged: 'misses' is not among the queries"),
    ("{cache_hits: {above: 3, below: 4}}", "at most one of them is its threshold"),
    ("{error_rate: {above: 3}}", "alert, above and below: at most one of them"),
    ("{error_rate: {for_s: 3}}", "for_s: belongs to above or below"),
    ("{error_rate: {alert: ErrorRateLow}}", "metrics.error_rate.alert: there is no condition 'ErrorRateLow'"),
    ("{error_rate: {alert: ServiceUnhealthy}}", "metrics.error_rate.alert: ServiceUnhealthy has no figure"),
    ("{error_rate: {minimum_change: 0}}", "metrics.error_rate.minimum_change: should be more than 0"),
    ("{error_rate: {minimum_change: .nan}}", "metrics.error_rate.minimum_change"),
    ("{error_rate: {minimum_change: null}}", "minimum_change: is missing"),
    ("{error_rate: {worse: up}}", "metrics.error_rate.worse: should be one of 'higher' or 'lower'"),
    ("{request_rate: {absent_reason: not counted}}", "metrics.error_rate.needs_requests: needs metrics.request_rate, which is not asked"),
    ("{request_rate: {needs_requests: true}}", "metrics.request_rate.needs_requests: needs metrics.request_rate"),
    ("{error_rte: {title: x}}", "error_rte"),
    ("{error_rate: {querys: {a: up}}}", "unknown key; did you mean 'queries'?"),
])
def test_a_metric_that_cannot_be_asked_or_judged_is_refused(tmp_path: Path, metrics: str, fault: str) -> None:
    assert fault in "\n".join(faults_of(overlay(tmp_path, f"metrics: {metrics}")))


def test_an_environment_that_extends_another_can_say_that_it_has_no_such_metric(tmp_path: Path) -> None:
    found = load_environment(overlay(tmp_path, "metrics: {cache_hits: {absent_reason: no cache}}"))
    assert found.metrics["cache_hits"].absent_reason == "no cache"


def test_a_metric_without_a_query_is_refused() -> None:
    with pytest.raises(ValueError, match="queries: is missing"):
        Metric(title="Cache hits")
