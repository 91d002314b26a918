"""What a plan makes of the survey of the configuration backups."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib.environment import load_environment
from runbook_lib.environment.recovery import StaticAssets
from runbook_lib.recovery.facts.configuration_backups import (
    Change,
    Commit,
    ConfigurationBackups,
)
from runbook_lib.recovery.plans.configuration_backup import (
    plan_configuration_backup,
    scheduled_steps,
)

ENVIRONMENT = load_environment("staging")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FRESH = ConfigurationBackups(NOW, NOW, 3, True, True, changes=(Change("project/.env", "new"),))

def test_nothing_changed_is_an_answer_of_the_plan() -> None:
    plan = plan_configuration_backup(replace(FRESH, changes=(), commits=(Commit("a" * 40, NOW, "x"),)), ENVIRONMENT)
    assert "configuration-commit" not in [step.key for step in plan.steps]
    assert any("nothing changed since aaaaaaaaaaaa" in one.reason for one in plan.skipped)
    assert "configuration-commit" in [step.key for step in plan_configuration_backup(FRESH, ENVIRONMENT).steps]
    assert plan.achieves == "The configuration, files and rotated logs of staging are backed up"


def test_no_log_is_deleted_when_the_clocks_disagree() -> None:
    apart = replace(FRESH, our_clock=NOW + timedelta(hours=1))
    logs = next(step for step in plan_configuration_backup(apart, ENVIRONMENT).steps if step.key == "logs")
    assert logs.actions[0].argv[7] == "0"  # type: ignore[union-attr]


@pytest.mark.parametrize(("service", "container"), [("backend", "backend-COLOUR"), ("postgres", "postgres")])
def test_uploads_in_a_volume_are_read_in_the_container_that_there_is(service: str, container: str) -> None:
    """With two colours there is no container that has the name alone."""
    rules = ENVIRONMENT.configuration_backup.model_copy(update={"uploads": (StaticAssets(service=service, path="/srv/uploads"),)})
    steps = dict(scheduled_steps(ENVIRONMENT.model_copy(update={"configuration_backup": rules})))
    words = steps[f"files-{service}-srv-uploads"].argv
    assert words[-3:] == ("cp", f"{container}:/srv/uploads/.", "-")
    assert "/srv/uploads" in words
