"""A release that runs and is in no release history: recorded first, backed up, and never removed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Plan
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment, load_environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.plans.compose import remove_project
from runbook_lib.release.plans.deploy import plan_deploy
from tests.unit.release.plans.test_deploy import BACKUP, EMPTY, OLD, after, healthy, target


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load_environment("staging")


@pytest.fixture(scope="module")
def secrets(environment: Environment) -> dict[str, Secret]:
    return {name: Secret(name, f"value-of-{name}-0123456789") for name in environment.server_secrets}


def found(environment: Environment, secrets: dict[str, Secret], *, recorded: bool = False) -> Deployed:
    live = after(environment, EMPTY, target(OLD, "v3.1.0"), secrets)
    return replace(live, lost=(".env", ".runbook/upstreams/active.conf"), releases=live.releases if recorded else ())


def planned(environment: Environment, secrets: dict[str, Secret], deployed: Deployed,
            containers: tuple[Container, ...]) -> Plan:
    return plan_deploy(environment, deployed, containers, target(), secrets=secrets, backup=BACKUP, operator="ada")


def test_what_runs_is_recorded_before_anything_else(environment: Environment, secrets: dict[str, Secret]) -> None:
    plan = planned(environment, secrets, found(environment, secrets), healthy(environment, "blue"))
    keys = [str(step.key) for step in plan.steps]
    assert keys[:3] == ["record-pre-image", "record-running", "backup-dump"]
    env, upstreams, line = plan.steps[1].actions
    assert isinstance(env, WriteFile) and env.path.endswith("/.env")
    assert isinstance(upstreams, WriteFile) and "backend-blue" in str(upstreams.content)
    assert isinstance(line, Command)
    record = json.loads(line.argv[-1])
    assert (record["commit"], record["colour"], record["schema_revision"]) == (OLD, "blue", "0002")
    assert plan.steps[1].undo == ()


def test_the_live_code_is_tested_and_an_undo_returns_to_it(environment: Environment, secrets: dict[str, Secret]) -> None:
    plan = planned(environment, secrets, found(environment, secrets), healthy(environment, "blue"))
    assert "compatibility-check" in [str(step.key) for step in plan.steps]
    assert plan.rollback_check is not None
    assert not any(action == remove_project(load_environment("staging")) for step in plan.steps for action in step.undo)


def test_a_release_that_is_on_record_gets_no_second_line(environment: Environment, secrets: dict[str, Secret]) -> None:
    plan = planned(environment, secrets, found(environment, secrets, recorded=True), healthy(environment, "blue"))
    assert all(isinstance(action, WriteFile) for action in plan.steps[1].actions)


def test_a_whole_server_needs_no_such_step(environment: Environment, secrets: dict[str, Secret]) -> None:
    whole = replace(found(environment, secrets, recorded=True), lost=())
    plan = planned(environment, secrets, whole, healthy(environment, "blue"))
    assert "record-running" not in [str(step.key) for step in plan.steps]


def test_a_database_without_an_application_is_backed_up(environment: Environment, secrets: dict[str, Secret]) -> None:
    postgres = tuple(one for one in healthy(environment, "blue") if one.service == "postgres")
    plan = planned(environment, secrets, EMPTY, postgres)
    assert "backup-dump" in [str(step.key) for step in plan.steps]
