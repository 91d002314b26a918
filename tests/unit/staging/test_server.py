"""The server's files: log rotation, schedules' alerts, sshd."""

from __future__ import annotations

import re
from typing import Any

import yaml

from runbook_lib.environment import Environment
from tests.unit.staging.files import text


def test_logs_rotate_daily_for_thirty_days_compressed(environment: Environment) -> None:
    rules = text("server/logrotate/gw2-wvwbuilder")
    for folder in ("/var/log/gw2/*.log", "/var/log/nginx/*.log"):
        body = rules[rules.index(folder) :].split("\n}")[0]
        for word in ("daily", f"rotate {environment.logging.keep_days}", "compress"):
            assert re.search(rf"^\s+{word}$", body, re.M), f"{folder}: {word}"


def test_a_missed_schedule_is_told_when_the_environment_says(environment: Environment) -> None:
    rules = {rule["alert"]: rule for rule in yaml.safe_load(text("prometheus/rules/schedules.yml"))["groups"][0]["rules"]}
    hours = [int(found) for found in re.findall(r"> (\d+) \* 3600", rules["ScheduledJobMissed"]["expr"])]
    assert hours == [environment.backup.maximum_age_h, environment.configuration_backup.maximum_age_h]


def test_node_exporter_reads_what_scheduled_jobs_say(services: dict[str, Any]) -> None:
    exporter = services["node-exporter"]
    assert "--collector.textfile.directory=/runbook/metrics" in exporter["command"]
    assert "./.runbook:/runbook:ro" in exporter["volumes"]


def test_ssh_takes_keys_only_and_one_user_only(environment: Environment) -> None:
    ssh = text("server/ssh/60-gw2-staging.conf").splitlines()
    for line in ("PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin no"):
        assert line in ssh
    assert f"AllowUsers {environment.server.user}" in ssh
