"""Which alerts are silenced while a step lasts: those of its service, until it runs again."""

from __future__ import annotations

from runbook_lib.core.plan import Step
from runbook_lib.environment import load_environment
from runbook_lib.platform.plans.expected_alerts import in_maintenance, while_away, while_data_are_away
from runbook_lib.platform.plans.step_keys import StepKey
from tests.unit.staging.files import STAGING

ENVIRONMENT = load_environment("staging")


def test_every_alert_is_a_rule_of_the_environment() -> None:
    rules = "".join(path.read_text() for path in (STAGING / "prometheus/rules").glob("*.yml"))
    for alert in while_data_are_away("postgres"):
        assert f"- alert: {alert.name}\n" in rules


def test_a_service_is_named_and_others_are_heard() -> None:
    assert {alert.labels for alert in while_away("redis")} == {(("job", "redis"),)}


def test_maintenance_ends_for_the_alerts_when_the_backend_is_started() -> None:
    steps = [Step(key, key, ()) for key in ("maintenance-on", "restore-swap", StepKey.START, StepKey.SWITCH)]
    assert [bool(step.expected_alerts) for step in in_maintenance(ENVIRONMENT, steps)] == [True, True, True, False]
    steps[2] = Step("start-writers", "Start", ())
    assert [bool(step.expected_alerts) for step in in_maintenance(ENVIRONMENT, steps)] == [True, True, True, False]
