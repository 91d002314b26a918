"""The live code on the new schema: what a check proves, what it leaves open, and that it removes its copy."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.questions import CommandResult
from runbook_lib.environment import load_environment
from runbook_lib.release.facts.compatibility import (
    Compatibility,
    Stage,
    earlier_code_on_live_schema,
    live_code_on_new_schema,
)

COPY = "runbook-schema-copy-gw2-staging-12-345"
STARTED = {"copy": COPY, "code": f"{COPY}-code", "containers": f"{COPY}-code {COPY}-redis {COPY}-migrations {COPY}"}
NEW = "b" * 40


def reply(outcome: str, message: str = "", **records: str) -> str:
    lines = [f"{name}\t{value}" for name, value in records.items()]
    return "\n".join([*lines, f"result\t{outcome}\t{base64.b64encode(message.encode()).decode()}"]) + "\n"


class Host:
    """A server whose code answers each smoke test as `tests` has it: works, or not."""

    address = "staging"

    def __init__(self, *tests: bool, start: str = "", migrate: str = "", restart: str = "") -> None:
        self.tests = list(tests)
        self.replies = {"start": start or reply("passed", before="0003", **STARTED),
                     "migrate": migrate or reply("passed", after="0004"),
                     "restart": restart or reply("passed")}
        self.commands: list[Command] = []
        self.server = self
        self.kept: dict[str, Any] = {}

    def run(self, command: Command) -> CommandResult:
        self.commands.append(command)
        return CommandResult(str(command), 0, self._answer(command), "", 0.1)

    def _answer(self, command: Command) -> str:
        if command.argv[0] == "bash":
            return self.replies[command.argv[3]]
        return ""

    @contextmanager
    def converse(self, command: Command) -> Iterator[Any]:
        self.commands.append(command)
        yield SimpleNamespace(ask=self._said, ended=False)

    def _said(self, line: str, *, timeout_s: float) -> str:
        asked = json.loads(line)
        status, body = self._reply(asked)
        return json.dumps({"status": status, "headers": {}, "body": json.dumps(body), "seconds": 0.01})

    def _reply(self, asked: dict[str, Any]) -> tuple[int, Any]:
        method, path, body = asked["method"], asked["url"].rpartition("/api/v1")[2], asked.get("json") or {}
        if path == "/auth/register":
            return 201, body
        if path in ("/auth/login", "/auth/refresh"):
            return 200, {"access_token": "t", "refresh_token": "r"}
        if path == "/squads" and not self.tests.pop(0):
            return 500, {"error": {"code": "internal"}}
        if method == "DELETE":
            return 204, {}
        if method == "GET":
            return 200, self.kept[path]
        self.kept[path if method == "PUT" else f"{path}/1"] = body
        return (201 if method == "POST" else 200), {**body, "id": 1}


def checked(host: Host) -> Compatibility:
    return live_code_on_new_schema(load_environment("staging"), NEW, "blue").fetch(host)  # type: ignore[arg-type]


def removed(host: Host) -> bool:
    return any(command.argv[:3] == ("docker", "rm", "--force") and COPY in command.argv for command in host.commands)


def test_code_that_works_before_and_after_is_compatible() -> None:
    host = Host(True, True, True)
    seen = checked(host)
    assert (seen.compatible, seen.before, seen.after, seen.stage) == (True, "0003", "0004", Stage.RESTART)
    assert removed(host)


def test_code_that_does_not_start_on_the_new_schema_is_incompatible() -> None:
    host = Host(True, True, restart=reply("failed", "Traceback\nRuntimeError: schema 0004 is not known\n"))
    seen = checked(host)
    assert (seen.compatible, seen.stage) == (False, Stage.RESTART)
    assert seen.message == "it does not start on the new schema: RuntimeError: schema 0004 is not known"
    assert removed(host)


def test_code_that_starts_anew_and_does_not_work_is_incompatible() -> None:
    seen = checked(Host(True, True, False))
    assert (seen.compatible, seen.stage) == (False, Stage.RESTART)
    assert "started anew on the new schema a user cannot create a squad" in seen.message


def test_a_live_backend_that_went_away_meanwhile_leaves_it_open() -> None:
    seen = checked(Host(True, True, restart=reply("no-live-backend", "backend-blue is not running")))
    assert (seen.compatible, seen.stage) == (None, Stage.RESTART)


def test_code_that_fails_twice_after_the_migration_is_incompatible() -> None:
    host = Host(True, False, False)
    seen = checked(host)
    assert (seen.compatible, seen.stage) == (False, Stage.SMOKE_TEST)
    assert "on the new schema a user cannot create a squad" in seen.message
    assert removed(host)


def test_a_statement_that_fails_once_and_is_prepared_again_is_recorded_and_passes() -> None:
    seen = checked(Host(True, False, True, True))
    assert seen.compatible is True
    assert "create a squad" in seen.first_fault


def test_code_that_does_not_work_on_its_own_schema_proves_nothing() -> None:
    host = Host(False)
    seen = checked(host)
    assert (seen.compatible, seen.stage) == (None, Stage.CONTROL)
    assert removed(host)


def test_migrations_that_fail_on_the_copy_end_the_check() -> None:
    host = Host(True, migrate=reply("failed", "column squads.colour does not exist"))
    seen = checked(host)
    assert (seen.compatible, seen.stage) == (None, Stage.MIGRATE)
    assert "squads.colour" in seen.message
    assert removed(host)


@pytest.mark.parametrize("works", [True, False])
def test_earlier_code_is_tested_once_on_the_schema_as_it_is(works: bool) -> None:
    host = Host(works)
    seen = earlier_code_on_live_schema(load_environment("staging"), NEW, "blue").fetch(host)  # type: ignore[arg-type]
    assert (seen.compatible, seen.stage, seen.after) == (works, Stage.SMOKE_TEST, "0003")
    assert host.commands[0].argv[-1] == "release", "the image of the commit, not the live one"
    assert removed(host)


def test_the_token_of_the_synthetic_user_is_in_no_argument() -> None:
    host = Host(True, True, True)
    checked(host)
    assert not [command for command in host.commands if any("Bearer" in word for word in command.argv)]
