"""An undo never depends on the release's files being good: over every plan that 20 and 22 make, at every step.

A server is played: it knows whether the checkout, `.env` and `.env.secrets` are as they were. Whatever reads them
while undoing (Compose, nginx) must find all three as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive.runs import new_run
from runbook_lib.core.commands import Command, Pipeline, WriteFile
from runbook_lib.core.errors import RolledBack, StepFailed
from runbook_lib.core.plan import Plan
from runbook_lib.core.redaction import Secret
from runbook_lib.execution import ActionResult
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.release.facts.configuration import ValidatedConfiguration
from runbook_lib.release.facts.service_changes import ServiceChange
from runbook_lib.release.plans.deploy import plan_deploy
from tests.unit.execution_doubles import FAILED, PASSED, ScriptedBackend, executed
from tests.unit.recovery.plans.test_restore import BACKUP, ENVIRONMENT, ONLY_LIVE, PRE_RESTORE_BACKUP
from tests.unit.release.plans import test_rollback as rollback

CHANGES = (
    ServiceChange("postgres", "postgres", "restart", ("max_connections",)),
    ServiceChange("redis", "redis", "reload", (), (("maxmemory", "1gb", "384mb"),)),
    ServiceChange("prometheus", "prometheus", "recreate"),
)
STOP = Command(("stop-here",))
HEAD, NEW, ENV = "c" * 40, "b" * 40, "COMPOSE_PROFILES=blue\n"
LIVE = Deployed("blue", HEAD, ENV, upstreams_file(ENVIRONMENT, "blue"), "0" * 64, frozenset(), ())
NOTHING = Deployed(None, HEAD, None, None, None, frozenset(), ())


def deployment(deployed: Deployed, accept: bool = False) -> Plan:
    secrets = {name: Secret(name, f"value-of-{name}-0123456789") for name in ENVIRONMENT.server_secrets}
    target = Target(NEW, "v4", {"nginx": "1" * 40}, "0004", frozenset({"0003", "0004"}),
                    "0003" if deployed.live_colour else None)
    return plan_deploy(ENVIRONMENT, deployed, (), target, secrets=secrets, backup=PRE_RESTORE_BACKUP, operator="ann",
                       breaking_migration="accept" if accept else "refuse",
                       configuration=ValidatedConfiguration((), {}, CHANGES))


def plans() -> Iterator[tuple[str, Plan, str | None]]:
    """Each plan with the text of `.env` before it."""
    yield "deploy", deployment(LIVE), ENV
    yield "deploy, accepting a breaking migration", deployment(LIVE, accept=True), ENV
    yield "first deployment", deployment(NOTHING), None
    interrupted = replace(LIVE, live_colour="green", upstreams_text=upstreams_file(ENVIRONMENT, "green"))
    yield "deploy after an interrupted cutover", deployment(interrupted), ENV
    older = replace(rollback.NEWER, compatible=False)
    before: dict[str, Any] = {"pre_rollback_backup": PRE_RESTORE_BACKUP}
    yield "roll back, keep", rollback.plan("keep", rollback.NEWER, changes=CHANGES), rollback.ENV
    yield "roll back, downgrade", rollback.plan("downgrade", rollback.NEWER, **before), rollback.ENV
    yield "roll back, downgrade in maintenance", rollback.plan("downgrade", older, **before), rollback.ENV
    yield "roll back, restore", rollback.plan("restore", rollback.NEWER, to=rollback.target("0001"), backup=BACKUP,
                                              databases=ONLY_LIVE, **before), rollback.ENV


class PlayedServer(ScriptedBackend):
    """Knows which of the release's files are on the disk, and who reads them while undoing."""

    def __init__(self, env: str | None) -> None:
        super().__init__()
        self.before = {"checkout": HEAD, "env": env, "secrets": "before"}
        self.now: dict[str, str | None] = dict(self.before)
        self.undoing = False
        self.read_too_early: list[str] = []

    def perform(self, action: Any, name: str, on_output: Callable[[str, str], None]) -> ActionResult:
        self.undoing = self.undoing or "-undo" in name
        if action == STOP:
            return FAILED
        words = action.argv if isinstance(action, Command) else ()
        if isinstance(action, WriteFile) and action.path.endswith("/.env"):
            self.now["env"] = str(action.content)
        elif isinstance(action, WriteFile) and action.path.endswith("/.env.secrets"):
            self.now["secrets"] = "new"
        elif "checkout" in words:
            self.now["checkout"] = words[-1]
        elif words[:2] == ("rm", "-f") and words[-1].endswith("/.env"):
            self.now["env"] = None
        elif "deliver-secrets-undo" in name:
            self.now["secrets"] = "before"
        elif self.undoing and self._reads(str(action)) and self.now != self.before:
            self.read_too_early.append(str(action))
        return PASSED

    @staticmethod
    def _reads(text: str) -> bool:
        return any(word in text for word in ("docker compose", "-s reload", "nginx -t"))


CASES = [pytest.param(made, env, place, id=f"{name}: {step.key}")
         for name, made, env in plans() for place, step in enumerate(made.steps)]


@pytest.mark.parametrize(("made", "env", "place"), CASES)
def test_whatever_step_fails_nothing_is_read_before_all_files_are_back(made: Plan, env: str | None, place: int,
                                                                       outputs: Path) -> None:
    steps = [replace(step, actions=tuple(one for one in step.actions if isinstance(one, Command | Pipeline | WriteFile)))
             for step in made.steps]
    steps[place] = replace(steps[place], actions=(*steps[place].actions, STOP))
    played = replace(made, steps=tuple(steps), recheck=None, undo_ready=None, rollback_check=None)
    server = PlayedServer(env)
    with pytest.raises((RolledBack, StepFailed)) as ended:
        executed(new_run("20_deploy", outputs), played, server)
    assert server.read_too_early == []
    if isinstance(ended.value, RolledBack):
        assert server.now == server.before, "and in the end all of them are as they were"


@pytest.mark.parametrize(("name", "made"), [(name, made) for name, made, _ in plans()])
def test_putting_files_back_reads_none_of_them(name: str, made: Plan) -> None:
    for step in made.steps:
        for action in step.undo_files:
            assert "docker" not in str(action) and "nginx" not in str(action), (name, step.key)


def test_an_undo_takes_no_failure_for_an_absent_container() -> None:
    for name, made, _ in plans():
        for step in made.steps:
            for action in step.undone_by:
                accepted = action.accepts if isinstance(action, Command) else (0,)
                # 4 is nginx's own refusal of a file, which it answers by going on with the one it has
                assert set(accepted) <= {0, 4}, (name, step.key)


