"""A release that changes the schema: the live code is tested first, or there is no automatic rollback."""

from __future__ import annotations

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, Step
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment, load_environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.platform.plans.rollout import BreakingMigration
from runbook_lib.release.plans.deploy import plan_deploy

ENVIRONMENT = load_environment("staging")

OLD, NEW = "a" * 40, "b" * 40
BACKUP = Plan("back up", "staging", (Step("backup-dump", "Dump", (Command(("true",)),)),))
LIVE = Deployed("blue", OLD, f"BLUE_COMMIT={OLD}\n", upstreams_file(ENVIRONMENT, "blue"), None, frozenset(), ())
NOTHING = Deployed(None, OLD, None, None, None, frozenset(), ())


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load_environment("staging")


def planned(environment: Environment, *, deployed: Deployed = LIVE, schema_now: str | None = "0003",
            breaking_migration: BreakingMigration = "refuse") -> Plan:
    target = Target(NEW, "v4.0.0", {}, "0004", frozenset({"0001", "0002", "0003", "0004"}), schema_now)
    secrets = {name: Secret(name, f"value-of-{name}-0123456789") for name in environment.server_secrets}
    return plan_deploy(environment, deployed, (), target, secrets=secrets, backup=BACKUP, operator="ann",
                       breaking_migration=breaking_migration)


def keys(plan: Plan) -> list[str]:
    return [step.key for step in plan.steps]


def reason(plan: Plan) -> str:
    return next(one.reason for one in plan.skipped if "new schema" in one.title)


def test_the_live_code_is_tested_right_before_the_migration(environment: Environment) -> None:
    plan = planned(environment)
    assert keys(plan)[keys(plan).index("migrate") - 1] == "compatibility-check"
    assert plan.point_of_no_return != "migrate"


def test_one_failed_probe_is_enough_and_one_clean_one_too(environment: Environment) -> None:
    (gate,) = next(step for step in planned(environment).steps if step.key == "compatibility-check").actions
    assert isinstance(gate, Gate)
    assert (gate.success_threshold, gate.failure_threshold) == (1, 1)
    assert gate.interval_s >= gate.deadline_s  # a check that could not be done is not repeated for ten minutes


def test_without_a_migration_there_is_nothing_to_test(environment: Environment) -> None:
    plan = planned(environment, schema_now="0004", breaking_migration="accept")
    assert "compatibility-check" not in keys(plan)
    assert reason(plan) == "there is nothing to migrate"
    assert plan.point_of_no_return != "migrate"


def test_the_first_deployment_has_no_live_code(environment: Environment) -> None:
    plan = planned(environment, deployed=NOTHING, schema_now=None)
    assert "compatibility-check" not in keys(plan)
    assert reason(plan) == "no release is live yet"


def test_who_accepts_a_breaking_migration_has_no_automatic_rollback_from_it(environment: Environment) -> None:
    plan = planned(environment, breaking_migration="accept")
    assert "compatibility-check" not in keys(plan)
    assert plan.point_of_no_return == "migrate"
    assert "22 Rollback" in plan.irreversible_hint
    assert plan.hash != planned(environment).hash
