"""Passwords of this run that the live database does not accept."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import CommandTimedOut
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import load_environment
from runbook_lib.release.checks.strong_secrets import secrets_can_be_delivered
from runbook_lib.release.facts.database_passwords import DatabaseLogin, logins_of, refused_logins
from runbook_lib.release.facts.secret_strength import ServerSecrets

ENVIRONMENT = load_environment("staging")
LOGIN = DatabaseLogin("STAGING_DB_PASSWORD", "staging_user", "postgres", "staging_db")
SECRETS = {"STAGING_DB_PASSWORD": Secret("STAGING_DB_PASSWORD", "a-value-that-no-one-sees")}


def refused(answer: Any, secrets: dict[str, Secret] = SECRETS) -> tuple[DatabaseLogin, ...]:
    connections: Any = ScriptedConnections(commands={"log-in staging_user staging_db": answer})
    found = refused_logins(ENVIRONMENT, secrets, connections)
    assert "a-value" not in str(connections.server.asked), "it travels by standard input"
    return found


def test_the_logins_are_those_that_the_environments_variables_name() -> None:
    assert logins_of(ENVIRONMENT) == (LOGIN,), "two drivers, one login"


def test_a_password_that_the_database_refuses_is_named() -> None:
    assert refused("refused\n") == (LOGIN,)


@pytest.mark.parametrize("answer", ["accepted\n", "unknown\n", "", (126, ""), (125, ""), CommandTimedOut("slow")])
def test_what_cannot_be_asked_is_not_refused(answer: Any) -> None:
    assert refused(answer) == ()


def test_a_run_without_the_secret_asks_nothing() -> None:
    assert refused(AssertionError("asked"), {}) == ()


def test_it_is_refused_before_anything_and_says_what_to_do() -> None:
    found = {one.check: one for one in secrets_can_be_delivered(SECRETS, ServerSecrets(0o600, "deploy", (), (LOGIN,)), ENVIRONMENT)}
    one = found["the database accepts this run's passwords"]
    assert (str(one.verdict), one.measured) == ("failed", "STAGING_DB_PASSWORD is refused for staging_user")
    assert "\\password staging_user" in one.next_step
