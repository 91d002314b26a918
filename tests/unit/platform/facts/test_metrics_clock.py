"""Prometheus' clock and the time of its last scrapes, as they are asked."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.metrics_clock import (
    CLOCK,
    OLDEST,
    SCRAPES,
    MetricsClock,
    metrics_clock,
    prometheus_ahead,
)
from tests.unit.observability_doubles import staging


def vector(*values: tuple[str, float]) -> dict[str, Any]:
    return {"resultType": "vector", "result": [{"metric": {"job": job}, "value": [0, str(value)]} for job, value in values]}


def clock_of(now: Any, oldest: Any = None, scrapes: Any = None) -> MetricsClock:
    queries = {CLOCK: now, OLDEST: oldest or vector(), SCRAPES: scrapes or vector()}
    return metrics_clock(staging(), 5).fetch(ScriptedConnections(queries=queries))


def scalar(at: datetime) -> dict[str, Any]:
    return {"resultType": "scalar", "result": [0, str(at.timestamp())]}


def test_each_job_has_the_time_of_its_last_scrape_by_prometheus_own_clock() -> None:
    now = datetime.now(UTC) - timedelta(hours=2)
    found = clock_of(scalar(now), vector(("", now.timestamp() - 60)), vector(("backend", now.timestamp() - 3), ("node", now.timestamp() - 200)))
    assert found.ahead_s == pytest.approx(-7200, abs=60)
    assert {job: round((now - at).total_seconds()) for job, at in (found.scrapes or {}).items()} == {"backend": 3, "node": 200}
    assert found.data_since is not None


@pytest.mark.parametrize(("scrapes", "known"), [
    (FactUnreadable("refused"), None), (EndpointUnavailable("gone"), None), (vector(("a", float("nan"))), {}), (vector(("a", 1e300)), {})])
def test_scrapes_that_are_not_said_are_none_and_never_of_now(scrapes: Any, known: Any) -> None:
    found = clock_of(scalar(datetime.now(UTC)), scrapes=scrapes)
    assert found.scrapes == known
    assert found.now is not None


def test_a_prometheus_that_does_not_answer_is_asked_once() -> None:
    found = clock_of(EndpointUnavailable("refused"), AssertionError("asked again"), AssertionError("asked again"))
    assert found.unanswered is not None
    assert found.unanswered.reason == "refused"


@pytest.mark.parametrize("now", [vector(), {"resultType": "scalar", "result": [0, "NaN"]}, {"resultType": "scalar", "result": [0, "1e300"]}])
def test_a_time_that_is_none_is_not_known(now: Any) -> None:
    assert clock_of(now) == MetricsClock()


def ahead(prometheus: Any, server: str) -> float | Unanswered:
    return prometheus_ahead(staging(), 60).fetch(ScriptedConnections(queries={CLOCK: prometheus}, commands={"date +%s.%N": server}))


@pytest.mark.parametrize("ours_s", [0, -10_800, 600])
@pytest.mark.parametrize("theirs_s", [0, -600, 7200])
def test_prometheus_is_compared_with_the_server_whatever_this_machines_clock_is(ours_s: int, theirs_s: int) -> None:
    server = datetime.now(UTC) + timedelta(seconds=ours_s)
    assert ahead(scalar(server + timedelta(seconds=theirs_s)), f"{server.timestamp():.9f}") == pytest.approx(theirs_s, abs=0.1)


@pytest.mark.parametrize(("prometheus", "server"), [(vector(), "1795795800.0"), (EndpointUnavailable("gone"), "1795795800.0"), (None, "?")],
                         ids=["no time", "no answer", "a server without a time"])
def test_a_difference_that_cannot_be_asked_is_not_known(prometheus: Any, server: str) -> None:
    assert isinstance(ahead(prometheus or scalar(datetime.now(UTC)), server), Unanswered)


def test_a_job_that_is_scraped_every_two_minutes_is_still_scraped_at_any_second(tmp_path: Path) -> None:
    """promtool evaluates the query: a minute's grid alone was three minutes behind, and called it ended every other minute."""
    series = [{"series": 'up{job="slow"}', "values": "_ 1 _x119 1 _x119 1"}, {"series": 'up{job="gone"}', "values": "_ 1 _x60 stale"}]
    asked = [{"expr": SCRAPES, "eval_time": f"{at}s", "exp_samples": [
        {"labels": f'{{job="{job}"}}', "value": value} for job, value in (("slow", slow), ("gone", 1))]}
        for at, slow in ((70, 1), (120, 1), (121, 121), (175, 121), (240, 121), (299, 241))]
    (tmp_path / "cases.yml").write_text(yaml.safe_dump({"evaluation_interval": "1s", "tests": [
        {"interval": "1s", "input_series": series, "promql_expr_test": asked}]}))
    done = subprocess.run(("promtool", "test", "rules", str(tmp_path / "cases.yml")), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
