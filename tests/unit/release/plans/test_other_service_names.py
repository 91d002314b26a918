"""Database and cache under other names: no step of any plan asks for `postgres` or `redis`."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedServer
from runbook_lib.core.commands import Command
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan
from runbook_lib.environment import Environment
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.recovery.plans.backup import plan_backup
from runbook_lib.recovery.plans.restore import plan_restore
from runbook_lib.recovery.plans.restore_drill import drill_command
from runbook_lib.recovery.plans.scheduled_programs import job_programs
from runbook_lib.release.facts.compatibility import live_code_on_new_schema
from runbook_lib.release.facts.configuration import ValidatedConfiguration
from runbook_lib.release.facts.service_changes import ServiceChange
from runbook_lib.release.plans.deploy import plan_deploy
from tests.unit.environment_doubles import with_services_renamed
from tests.unit.recovery.plans import test_restore as restore
from tests.unit.release.plans import test_undo_order as deploy

ELSEWHERE = with_services_renamed({"postgres": "db", "redis": "kv"})
SECRETS = {name: deploy.Secret(name, f"value-of-{name}-0123456789") for name in ELSEWHERE.server_secrets}
CHANGES = (ServiceChange("db", "postgres", "restart", ("max_connections",)), ServiceChange("kv", "redis", "recreate"))
BACKUP = plan_backup(restore.FOLDER, ELSEWHERE)


def plans() -> dict[str, Plan]:
    target = restore.Target("b" * 40, "v4", {"nginx": "1" * 40}, "0004", frozenset({"0003", "0004"}), "0003")
    configuration = ValidatedConfiguration((), {}, CHANGES)
    return {
        "deploy": plan_deploy(ELSEWHERE, deploy.LIVE, (), target, secrets=SECRETS, backup=BACKUP, operator="ann",
                              configuration=configuration),
        "first deployment": plan_deploy(ELSEWHERE, deploy.NOTHING, (), replace(target, schema_now=None), secrets=SECRETS,
                                        backup=BACKUP, operator="ann", configuration=configuration),
        "back up": BACKUP,
        "restore": plan_restore(ELSEWHERE, restore.DEPLOYED, (), restore.target(), restore.BACKUP, restore.ONLY_LIVE,
                                pre_restore_backup=BACKUP),
    }


@pytest.mark.parametrize("name", plans())
def test_no_step_names_a_service_of_the_plans_application(name: str) -> None:
    made = plans()[name]
    commands = [one for step in made.steps for one in (*step.actions, *step.undo) if isinstance(one, Command)]
    words = {word for one in commands for word in one.argv if "\n" not in word}
    assert not words & {"postgres", "redis"}
    assert "db" in words
    assert not re.search(r"(?<!/)\b(redis|postgres)\b(?!-)", " ".join(step.title for step in made.steps))


def test_the_gates_wait_for_the_services_that_there_are() -> None:
    rollout = Rollout(ELSEWHERE, deploy.LIVE, restore.target())
    assert rollout.expected.shared == ("nginx", "db", "kv")
    assert any(isinstance(one, Gate) for step in plans()["deploy"].steps for one in step.actions)


def test_drill_and_schedules_ask_for_it_by_its_name() -> None:
    assert "db" in drill_command(restore.BACKUP, restore.DEPLOYED, ELSEWHERE).argv
    launchers = [text for name, text in job_programs(ELSEWHERE).items() if not name.endswith(".sh")]
    assert any(" exec -T db " in text for text in launchers)


def test_without_a_cache_its_steps_are_left_out_with_the_reason() -> None:
    data = restore.ENVIRONMENT.model_dump(mode="json") | {"cache": None, "without": {"cache": "nothing is kept"}}
    bare = Environment.model_validate(data, strict=False)
    before = plan_backup(restore.FOLDER, bare)
    made = plan_restore(bare, restore.DEPLOYED, (), restore.target(), restore.BACKUP, restore.ONLY_LIVE,
                        pre_restore_backup=before)
    assert "flush-cache" not in [step.key for step in made.steps]
    assert [one.reason for one in made.skipped if one.title == "Empty the cache"] == ["nothing is kept"]
    again = plan_deploy(bare, deploy.LIVE, (), replace(restore.target("0003", "0003"), commit="b" * 40), secrets=SECRETS,
                        backup=before, operator="ann", configuration=ValidatedConfiguration((), {}, CHANGES))
    assert "accept-secrets" not in [step.key for step in again.steps]
    assert "accept-secrets" in [step.key for step in plans()["deploy"].steps]
    assert Rollout(bare, deploy.LIVE, restore.target()).expected.shared == ("nginx", "postgres")
    assert compatibility_words(bare)[4:6] == ("postgres", "")


def compatibility_words(environment: Environment) -> tuple[str, ...]:
    """What the compatibility check's program is given after its verb."""
    server = ScriptedServer(commands={"bash -s -- start": "result\terror\t\n"})
    connections: Any = SimpleNamespace(server=server)
    live_code_on_new_schema(environment, "c" * 40, "blue").fetch(connections)
    return server.asked[0].argv[3:]
