"""Prometheus's replies, good and malformed."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.connections.prometheus import parse_reply
from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.monitoring import (
    Alert,
    active_alerts,
    error_rate_between,
    notebooks_for,
    parse_alerts,
    parse_samples,
    parse_targets,
    scrape_targets,
)
from tests.unit.shop_environment import shop

TARGETS = {
    "activeTargets": [
        {
            "labels": {"job": "redis", "instance": "redis-exporter:9121"},
            "health": "down",
            "lastError": "connection refused",
            "scrapeUrl": "http://redis-exporter:9121/metrics",
        },
        {"labels": {"job": "backend", "instance": "172.27.3.4:8000"}, "health": "up", "lastError": ""},
        {"labels": {"job": "node", "instance": "n:9100"}, "health": "unknown", "lastError": ""},
    ],
    "droppedTargets": [],
}

ALERTS = {
    "alerts": [
        {
            "labels": {"alertname": "CpuUsageHigh", "severity": "warning"},
            "annotations": {"summary": "CPU usage > 80%"},
            "state": "pending",
            "activeAt": "2026-11-22T16:49:37.611512345Z",
            "value": "9e+01",
        },
        {"labels": {"alertname": "ServiceDown"}, "annotations": {}, "state": "firing"},
    ]
}


def test_a_target_is_up_only_when_prometheus_says_up() -> None:
    assert [(one.job, one.up) for one in parse_targets(TARGETS)] == [
        ("backend", True),
        ("node", False),
        ("redis", False),
    ]


def test_a_target_that_was_never_scraped_says_so() -> None:
    assert [one.last_error for one in parse_targets(TARGETS)] == ["", "not scraped yet", "connection refused"]


def test_firing_alerts_come_first() -> None:
    assert [(one.name, one.state) for one in parse_alerts(ALERTS)] == [
        ("ServiceDown", "firing"),
        ("CpuUsageHigh", "pending"),
    ]


def test_the_start_of_an_alert_is_read_to_the_microsecond() -> None:
    since = parse_alerts(ALERTS)[1].since
    assert since is not None
    assert since.isoformat() == "2026-11-22T16:49:37.611512+00:00"


@pytest.mark.parametrize("text", ["NaN", "+Inf", "-Inf"])
def test_a_value_that_is_no_number_is_missing_and_not_zero(text: str) -> None:
    data = {"resultType": "vector", "result": [{"metric": {}, "value": [1, text]}]}
    assert parse_samples(data)[0].value is None


def test_no_series_is_missing_data() -> None:
    assert parse_samples({"resultType": "vector", "result": []}) == ()


@pytest.mark.parametrize("data", [None, {}, [], "", {"activeTargets": [{}]}, {"activeTargets": None}])
def test_malformed_targets_are_unreadable(data: Any) -> None:
    with pytest.raises(FactUnreadable):
        parse_targets(data)


@pytest.mark.parametrize("data", [None, {}, {"alerts": [{"state": "firing"}]}, {"alerts": 3}])
def test_malformed_alerts_are_unreadable(data: Any) -> None:
    with pytest.raises(FactUnreadable):
        parse_alerts(data)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"resultType": "matrix", "result": []},
        {"resultType": "vector", "result": [{}]},
        {"resultType": "vector", "result": [{"metric": {}, "value": [1, "x"]}]},
    ],
)
def test_malformed_samples_are_unreadable(data: Any) -> None:
    with pytest.raises(FactUnreadable):
        parse_samples(data)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"status": "success"}', b'{"status": "error", "error": "bad"}']
)
def test_a_reply_without_success_and_data_is_refused(body: bytes) -> None:
    with pytest.raises(FactUnreadable):
        parse_reply(400, body, "here")


def test_an_environment_without_metrics_is_asked_for_none() -> None:
    silent = ScriptedConnections()
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    assert scrape_targets(shop()).fetch(silent) == ()
    assert active_alerts(shop()).fetch(silent) == ()
    assert error_rate_between(shop(), moment, moment).fetch(silent) == ()


def test_the_error_rate_is_the_environments_own_and_without_one_nothing_is_asked() -> None:
    asked = []

    class Prometheus:
        def get(self, what: str, **words: str) -> object:
            asked.append(words["query"])
            return {"resultType": "matrix", "result": []}

    there = SimpleNamespace(prometheus=Prometheus())
    moment = datetime(2026, 11, 28, 3, tzinfo=UTC)
    staging = load_environment("staging")
    metric = staging.metrics["error_rate"]
    for metrics in ({"error_rate": metric}, {"error_rate": metric.model_copy(update={"absent_reason": "none"})}, {}):
        error_rate_between(staging.model_copy(update={"metrics": metrics}), moment, moment).fetch(there)  # type: ignore[arg-type]
    assert asked == [metric.queries[metric.main]]


def test_a_firing_alert_leads_to_the_notebook_that_its_rule_names() -> None:
    """00 sent to a table of its own, although the rule of each alert has the notebook."""
    slow, busy, disk = (Alert(name, "firing", runbook="41_metrics_review") for name in ("Slow", "CpuUsageHigh", "Slow"))
    assert notebooks_for((slow, busy, disk)) == "Open 41_metrics_review for CpuUsageHigh and Slow."
    own = Alert("Ours", "firing")
    assert notebooks_for((busy, own)) == ("Open 41_metrics_review for CpuUsageHigh. "
                                          "Find Ours in the table of symptoms of 00 Start here.")
    assert notebooks_for(()) == ""
