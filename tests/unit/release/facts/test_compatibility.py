"""The live code on the new schema: what a trial proves, what it leaves open, and that it tidies up."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.findings import Verdict
from runbook_lib.core.questions import CommandResult
from runbook_lib.environment import load_environment
from runbook_lib.release.checks.compatibility import judge_compatibility
from runbook_lib.release.facts.compatibility import Compatibility, compatibility_of, parse_told

COPY = "runbook-schema-copy-12-345"
NEW = "b" * 40


def told(outcome: str, message: str = "", **records: str) -> str:
    lines = [f"{name}\t{value}" for name, value in records.items()]
    return "\n".join([*lines, f"result\t{outcome}\t{base64.b64encode(message.encode()).decode()}"]) + "\n"


class Host:
    """A server whose old code answers each visit as `visits` says: works, or not."""

    address = "staging"

    def __init__(self, *visits: bool, start: str = "", migrate: str = "") -> None:
        self.visits = list(visits)
        self.said = {"start": start or told("passed", before="0003", copy=COPY),
                     "migrate": migrate or told("passed", after="0004")}
        self.commands: list[Command] = []
        self.server = self
        self.kept: dict[str, Any] = {}

    def run(self, command: Command) -> CommandResult:
        self.commands.append(command)
        return CommandResult(str(command), 0, self._answer(command), "", 0.1)

    def _answer(self, command: Command) -> str:
        if command.argv[0] == "bash":
            return self.said[command.argv[3]]
        if command.argv[1] != "exec":
            return ""
        asked = json.loads(str(command.stdin))
        status, body = self._reply(asked)
        return json.dumps({"status": status, "headers": {}, "body": json.dumps(body), "seconds": 0.01})

    def _reply(self, asked: dict[str, Any]) -> tuple[int, Any]:
        method, path, body = asked["method"], asked["url"].rpartition("/api/v1")[2], asked["json"]
        if path == "/auth/register":
            return 201, body
        if path in ("/auth/login", "/auth/refresh"):
            return 200, {"access_token": "t", "refresh_token": "r"}
        if path == "/squads" and not self.visits.pop(0):
            return 500, {"error": {"code": "internal"}}
        if method == "DELETE":
            return 204, {}
        if method == "GET":
            return 200, self.kept[path]
        self.kept[path if method == "PUT" else f"{path}/1"] = body
        return (201 if method == "POST" else 200), {**body, "id": 1}


def tried(host: Host) -> Compatibility:
    return compatibility_of(load_environment("staging"), NEW, "blue").fetch(host)  # type: ignore[arg-type]


def verdict(seen: Compatibility) -> Verdict:
    return judge_compatibility(seen)[0].verdict


def removed(host: Host) -> bool:
    return any(command.argv[:3] == ("docker", "rm", "--force") and COPY in command.argv for command in host.commands)


def test_old_code_that_works_before_and_after_is_compatible() -> None:
    host = Host(True, True)
    seen = tried(host)
    assert (seen.compatible, seen.before, seen.after) == (True, "0003", "0004")
    assert verdict(seen) is Verdict.PASSED
    assert removed(host)


def test_old_code_that_fails_twice_after_the_migration_is_incompatible_and_told_the_choices() -> None:
    host = Host(True, False, False)
    seen = tried(host)
    assert seen.compatible is False
    assert "create a squad" in seen.message
    (found,) = judge_compatibility(seen)
    assert found.verdict is Verdict.FAILED
    assert "two steps" in found.next_step and "breaking_migration" in found.next_step
    assert removed(host)


def test_a_statement_that_fails_once_and_is_prepared_anew_is_told_and_passes() -> None:
    seen = tried(Host(True, False, True))
    assert seen.compatible is True
    assert "first request" in judge_compatibility(seen)[0].measured


def test_code_that_does_not_work_on_its_own_schema_proves_nothing() -> None:
    host = Host(False)
    seen = tried(host)
    assert (seen.compatible, seen.stage) == (None, "control")
    assert verdict(seen) is Verdict.INCONCLUSIVE
    assert removed(host)


def test_migrations_that_fail_on_the_copy_are_a_failure() -> None:
    host = Host(True, migrate=told("failed", "column squads.colour does not exist"))
    seen = tried(host)
    assert verdict(seen) is Verdict.FAILED
    assert "squads.colour" in judge_compatibility(seen)[0].measured
    assert removed(host)


@pytest.mark.parametrize("outcome", ["no-image", "no-database", "no-old-code", "error"])
def test_a_trial_that_cannot_begin_is_inconclusive(outcome: str) -> None:
    seen = tried(Host(start=told(outcome, "why not")))
    assert (seen.compatible, seen.stage, seen.message) == (None, "prepare", "why not")
    assert verdict(seen) is Verdict.INCONCLUSIVE


def test_a_name_of_the_copy_that_is_not_one_never_becomes_a_command() -> None:
    host = Host(start=told("passed", copy="gw2-staging-postgres-1"))
    with pytest.raises(FactUnreadable):
        tried(host)
    assert [command.argv[0] for command in host.commands] == ["bash"]


@pytest.mark.parametrize("text", ["", "before\t0003\n", "result\tpassed\n", "result\tpassed\tnot base64!\n"])
def test_a_reply_without_a_result_is_unreadable(text: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_told(text, "staging")


def test_the_token_of_the_synthetic_user_is_in_no_argument() -> None:
    host = Host(True, True)
    tried(host)
    assert not [command for command in host.commands if any("Bearer" in word for word in command.argv)]
