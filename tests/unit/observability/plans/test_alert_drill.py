"""The plan of a drill of alerts: what is provoked and its effect, copies of the live rules, and what is silenced."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from runbook_lib.core.alerts import ExpectedAlert
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import BadParameter
from runbook_lib.environment import Environment, load_environment
from runbook_lib.observability.facts.alert_delivery import AlertDelivery, Channel, Receiver
from runbook_lib.observability.facts.alert_rules import AlertRule, AlertRules
from runbook_lib.observability.facts.alerting import Alerting
from runbook_lib.observability.plans.alert_drill import plan_drill, provocations, select_conditions
from runbook_lib.platform.facts.availability import Unanswered
from tests.unit.environment_doubles import overlay
from tests.unit.observability_doubles import staging

DRILL = """
alert_drill:
  maximum_age_h: 744
  instance: {service: backend, network: app, alias: backend, port: 8000, errors: /health, answers: /api/v1/health}
  conditions:
    ErrorRateHigh: {by: failing_instance}
    DiskUsageHigh: {by: disk, directory: /srv, at_most_gb: 20, leave_gb: 5}
    MemoryUsageHigh: {by: memory, at_most_mb: 900, leave_mb: 512}
"""
OF_PROCESSORS = DRILL + "    CpuUsageHigh: {by: cpu}\n"
ROUTE = {"receiver": "team", "group_wait": "30s", "routes": [{"receiver": "team", "matchers": ['severity="critical"']}]}
QUIET = Alerting(
    datetime(2026, 11, 27, 16, 0, tzinfo=UTC),
    AlertRules((AlertRule("ErrorRateHigh", "errors > 5", 120.0, "inactive", {"severity": "critical"}, {"summary": "Errors"}),
                AlertRule("DiskUsageHigh", "disk > 85", 0.0, "inactive", {}, {}),
                AlertRule("MemoryUsageHigh", "memory > 90", 300.0, "inactive", {}, {})), ("/etc/prometheus/rules/*.yml",)),
    (), AlertDelivery((Receiver("team", (Channel("email", "a@example.com", True),)),), route=ROUTE,
                      inhibitions=({"source_matchers": ['alertname="A"'], "target_matchers": ['alertname="B"']},)), ())


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return load_environment(overlay(tmp_path, DRILL))


def words_of(environment: Environment, *names: str, alerting: Alerting = QUIET) -> dict[str, str]:
    (step,) = plan_drill(environment, alerting, names).steps
    (command,) = step.actions
    assert isinstance(command, Command)
    return {word.partition("=")[0]: word.partition("=")[2] for word in command.argv[3:]}


def test_an_environment_that_does_not_name_itself_is_never_drilled() -> None:
    plan = plan_drill(staging(), QUIET, select_conditions(staging()))
    assert (plan.steps, plan.reason) == ((), "the environment file has no alert_drill: nothing is provoked here")
    assert provocations(staging(), QUIET, ()) == ()


def test_without_prometheus_or_alertmanager_there_is_nothing_to_do(environment: Environment) -> None:
    silent = replace(QUIET, delivery=Unanswered("alert delivery", "no connection"))
    assert plan_drill(environment, silent, ["ErrorRateHigh"]).steps == ()


def test_conditions_are_those_that_the_file_allows(environment: Environment) -> None:
    assert select_conditions(environment) == ("ErrorRateHigh", "DiskUsageHigh", "MemoryUsageHigh")
    assert select_conditions(environment, ["DiskUsageHigh", "DiskUsageHigh"]) == ("DiskUsageHigh",)
    with pytest.raises(BadParameter, match="'CpuUsageHigh' may not be provoked here"):
        select_conditions(environment, ["CpuUsageHigh"])
    with pytest.raises(BadParameter, match="did you mean 'ErrorRateHigh'"):
        select_conditions(environment, ["ErrorRateHgh"])


def test_rules_are_copies_with_a_shorter_duration_that_say_drill(environment: Environment) -> None:
    (group,) = json.loads(words_of(environment, "ErrorRateHigh", "DiskUsageHigh")["rules"])["groups"]
    errors, disk = group["rules"]
    assert errors == {"alert": "ErrorRateHigh", "expr": "errors > 5", "for": "5s",
                      "labels": {"severity": "critical", "drill": "@RUN@"}, "annotations": {"summary": "DRILL @RUN@: Errors"}}
    assert (disk["for"], disk["annotations"]["summary"]) == ("0s", "DRILL @RUN@: DiskUsageHigh")


def test_the_program_gets_the_limits_of_the_file(environment: Environment) -> None:
    words = words_of(environment, "ErrorRateHigh", "DiskUsageHigh", "MemoryUsageHigh")
    assert words["conditions"] == "ErrorRateHigh DiskUsageHigh MemoryUsageHigh"
    assert (words["disk_above"], words["disk_at_most_gb"], words["disk_leave_gb"], words["disk_directory"]) == ("85", "20", "5", "/srv")
    assert (words["memory_above"], words["memory_at_most_mb"], words["memory_leave_mb"]) == ("90", "900", "512")
    assert words["services"] == "backend-blue backend-green"
    assert words["rules_folder"] == "/etc/prometheus/rules"
    assert json.loads(words["channels"]) == {"team": [["email", True]]}


def test_a_drill_inhibits_no_real_alert(environment: Environment) -> None:
    (rule,) = json.loads(words_of(environment, "ErrorRateHigh")["inhibitions"])
    assert rule["source_matchers"] == ['alertname="A"', 'drill=""']


def test_only_real_alerts_that_would_fire_meanwhile_are_silenced(environment: Environment) -> None:
    (step,) = plan_drill(environment, QUIET, ["ErrorRateHigh", "DiskUsageHigh", "MemoryUsageHigh"]).steps
    assert step.expected_alerts == (ExpectedAlert("DiskUsageHigh", without=("drill",)),)
    assert step.expected_alerts[0].matchers()[1] == {"name": "drill", "value": "", "isRegex": False, "isEqual": True}


def test_each_row_says_what_is_done_and_what_it_does_to_users(environment: Environment) -> None:
    errors, disk = provocations(environment, QUIET, ["ErrorRateHigh", "DiskUsageHigh"])
    assert errors["what is done"] == "one more instance of backend without its data gets 30 requests to /health"
    assert errors["effect"] == "none: the proxy does not know the instance, no user reaches it"
    assert (errors["fires after"], disk["fires after"]) == ("5 s instead of 120 s", "at once, as the rule itself")
    assert disk["effect"] == "5 GB are left at least; writing goes on"


def test_two_runs_have_one_plan_and_conditions_left_out_are_named(environment: Environment) -> None:
    first, second = (plan_drill(environment, QUIET, ["ErrorRateHigh"]) for _ in range(2))
    assert first.hash == second.hash
    assert [one.title for one in first.skipped] == ["Provoke DiskUsageHigh", "Provoke MemoryUsageHigh"]
    assert first.achieves == f"Provoked on {environment.name}, and followed to the channels: ErrorRateHigh"


def test_a_rule_with_an_emoji_is_what_prometheus_reads(environment: Environment) -> None:
    """Prometheus' reader of YAML refuses a surrogate, and with it the whole file; PyYAML lets it pass as two."""
    summary = "\N{FIRE} Fehler: größer als 5 % \\ud83d"
    assert isinstance(QUIET.rules, AlertRules)
    rule = replace(QUIET.rules.rules[0], annotations={"summary": summary})
    words = words_of(environment, "ErrorRateHigh", alerting=replace(QUIET, rules=replace(QUIET.rules, rules=(rule,))))
    assert words["rules"].isascii()
    (found,) = yaml.safe_load(words["rules"])["groups"][0]["rules"]
    assert found["annotations"]["summary"].endswith(summary)


@pytest.mark.parametrize(("expression", "copied", "used"), [
    ("gw2:cpu_usage:percent > 80", "gw2:cpu_usage:percent > @ABOVE@", "gw2:cpu_usage:percent"),
    ("80 < cpu", "80 < cpu", None), ("cpu > 70", "cpu > 70", None), ("cpu > 80 and on() up", "cpu > 80 and on() up", None)])
def test_the_copy_of_a_rule_about_processors_waits_for_the_threshold_that_a_busy_server_needs(
        tmp_path: Path, expression: str, copied: str, used: str | None) -> None:
    assert isinstance(QUIET.rules, AlertRules)
    rules = replace(QUIET.rules, rules=(AlertRule("CpuUsageHigh", expression, 600.0, "pending", {}, {}),))
    words = words_of(load_environment(overlay(tmp_path, OF_PROCESSORS)), "CpuUsageHigh", alerting=replace(QUIET, rules=rules))
    assert json.loads(words["rules"])["groups"][0]["rules"][0]["expr"] == copied
    assert (words.get("cpu_used"), words.get("cpu_above")) == (used, "80" if used else None)
