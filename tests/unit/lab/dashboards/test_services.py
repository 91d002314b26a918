"""The overview shows what the plan monitors, with the figures of its alerts."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from lab.dashboards import services
from lab.dashboards.building import dashboards
from runbook_lib.environment import Environment
from tests.unit.staging.conftest import environment

__all__ = ["environment"]

RULES = Path(__file__).parents[4] / "staging/prometheus/rules/measures.yml"


def test_the_overview_shows_every_metric_that_the_plan_monitors_with_its_threshold(environment: Environment) -> None:
    shown = {panel.title: panel for panel in services.overview(environment).panels}
    for name, metric in environment.metrics.items():
        panel = shown[metric.title]
        assert [one.expression for one in panel.queries] == list(metric.queries.values()), name
        if metric.alert is not None:
            assert panel.limit == environment.alerts.conditions[metric.alert].above, name
    assert shown["Database connection pool"].limit == 19


def test_a_metric_that_the_application_lacks_has_no_panel(environment: Environment) -> None:
    without = environment.metrics["active_users"].model_copy(update={"absent_reason": "it knows no users"})
    changed = environment.model_copy(update={"metrics": {**environment.metrics, "active_users": without}})
    assert "Active users" in {panel.title for panel in services.overview(environment).panels}
    assert "Active users" not in {panel.title for panel in services.overview(changed).panels}


def test_every_recorded_measure_that_is_shown_is_recorded_and_each_is_shown() -> None:
    recorded = {rule["record"] for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]}
    shown = " ".join(one.expression for board in dashboards() for panel in board.panels for one in panel.queries)
    assert set(re.findall(r"gw2:[a-z_:]+", shown)) == recorded


def test_limits_of_database_and_cache_are_the_environments(environment: Environment) -> None:
    database = {panel.title: panel for panel in services.data(environment).panels}
    assert 'datname="staging_db"' in database["Size of the database"].queries[0].expression
    waits = {panel.title: panel for panel in services.backend(environment).panels}
    assert waits["Response time"].limit == 0.5
    assert waits["Connections of the pools"].limit == 20
