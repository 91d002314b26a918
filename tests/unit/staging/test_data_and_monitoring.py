"""The data services' and the monitoring's files hold the plan's settings."""

from __future__ import annotations

import re
from typing import Any

import yaml

from runbook_lib.environment import Environment
from tests.unit.staging.files import text


def test_postgres_and_redis_have_the_plans_settings(environment: Environment) -> None:
    postgres = text("postgres/postgresql.conf")
    assert f"max_connections = {environment.tuning.postgres.max_connections}\n" in postgres
    assert f"shared_buffers = {environment.tuning.postgres.shared_buffers}\n" in postgres
    redis = text("redis/redis.conf")
    assert f"maxmemory-policy {environment.tuning.redis.maxmemory_policy}\n" in redis
    assert f"maxmemory {environment.tuning.redis.maxmemory.lower()}\n" in redis
    assert not re.search(r"^requirepass", redis, re.M), "the password stands in no file"


def test_nobody_logs_in_to_the_database_over_the_network_without_a_password() -> None:
    rules = [line.split() for line in text("postgres/pg_hba.conf").splitlines() if line and not line.startswith("#")]
    assert [rule[-1] for rule in rules if rule[0] == "host"] == ["reject", "scram-sha-256", "scram-sha-256", "reject"]


def test_alert_rules_are_the_environments_conditions(environment: Environment) -> None:
    rules = yaml.safe_load(text("prometheus/rules/plan.yml"))["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules] == list(environment.alerts.conditions)
    for rule in rules:
        planned = environment.alerts.conditions[rule["alert"]]
        assert rule["annotations"]["summary"] == planned.condition
        assert int(rule.get("for", "0m").removesuffix("m")) * 60 == planned.for_s
        if planned.above is not None:
            assert re.search(rf"^[^>]+ > {planned.above:g}(\s|$)", rule["expr"]), rule["expr"]


def test_alerts_reach_the_people_of_the_environment(environment: Environment) -> None:
    receivers = yaml.safe_load(text("alertmanager/alertmanager.yml"))["receivers"]
    addresses = [mail["to"] for receiver in receivers for mail in receiver.get("email_configs", [])]
    assert addresses == list(environment.alerts.channels["email"].to)


def test_optional_channels_take_the_place_of_their_markers() -> None:
    start, config = text("alertmanager/start.sh"), text("alertmanager/alertmanager.yml")
    for channel in ("slack", "pagerduty"):
        assert f"\n    # channel: {channel}\n" in config
        assert f"'    # channel: {channel}')" in start


def test_prometheus_asks_every_exporter_and_the_backend(services: dict[str, Any]) -> None:
    jobs = {job["job_name"]: job for job in yaml.safe_load(text("prometheus/prometheus.yml"))["scrape_configs"]}
    targets = {
        target.split(":")[0]
        for job in jobs.values()
        for group in job.get("static_configs", [])
        for target in group["targets"]
    }
    assert {name for name in services if name.endswith("-exporter")} <= targets
    assert jobs["backend"]["dns_sd_configs"][0]["names"] == ["backend"]
    assert services["backend-blue"]["networks"]["app"]["aliases"] == ["backend"]

