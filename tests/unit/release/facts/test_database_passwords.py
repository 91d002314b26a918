"""Passwords of this run that the live database does not accept."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import CommandTimedOut, FactUnreadable
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import load_environment
from runbook_lib.release.checks.strong_secrets import secrets_can_be_delivered
from runbook_lib.release.facts.database_passwords import LOG_IN, DatabaseLogin, logins_of, try_logins
from runbook_lib.release.facts.secret_strength import ServerSecrets

ENVIRONMENT = load_environment("staging")
LOGIN = DatabaseLogin("STAGING_DB_PASSWORD", "staging_user", "postgres", "staging_db")
MONITOR = DatabaseLogin("STAGING_DB_MONITOR_PASSWORD", "gw2_monitor", "postgres", "staging_db")
SECRETS = {"STAGING_DB_PASSWORD": Secret("STAGING_DB_PASSWORD", "a-value-that-no-one-sees")}


def tried(answer: Any, secrets: dict[str, Secret] = SECRETS) -> tuple[tuple[DatabaseLogin, ...], ...]:
    connections: Any = ScriptedConnections(commands={"log-in staging_user staging_db": answer})
    found = try_logins(ENVIRONMENT, secrets, connections)
    assert "a-value" not in str(connections.server.asked), "it travels by standard input"
    return found


def test_the_logins_are_those_that_the_environments_variables_name() -> None:
    assert logins_of(ENVIRONMENT) == (LOGIN, MONITOR), "two drivers, one login; and the role that only monitoring has"


def test_a_password_that_the_database_refuses_is_named() -> None:
    assert tried("refused\n") == ((LOGIN,), ())


def test_the_password_of_monitoring_is_tried_like_the_applications() -> None:
    """Its exporter is healthy without the database: the metrics would be gone, and nothing would say why."""
    connections: Any = ScriptedConnections(commands={"log-in staging_user staging_db": "accepted\n", "log-in gw2_monitor staging_db": "refused\n"})
    secrets = {**SECRETS, MONITOR.secret: Secret(MONITOR.secret, "a-value-that-no-one-sees")}
    assert try_logins(ENVIRONMENT, secrets, connections) == ((MONITOR,), ())


@pytest.mark.parametrize("answer", ["accepted\n", (126, "")])
def test_what_is_accepted_or_does_not_run_is_neither_refused_nor_undecided(answer: Any) -> None:
    assert tried(answer) == ((), ())


@pytest.mark.parametrize("answer", ["unknown\n", "", "something else\n", (125, ""), (127, ""), (1, "accepted\n"), CommandTimedOut("slow"),
                                    FactUnreadable("cut")])
def test_what_could_not_be_found_out_is_undecided(answer: Any) -> None:
    assert tried(answer) == ((), (LOGIN,))


def test_a_run_without_the_secret_asks_nothing() -> None:
    assert tried(AssertionError("asked"), {}) == ((), ())


# psql as far as it is asked; SAYS is what the server says to a password that it does not take
PSQL = r"""#!/bin/sh
if [ -z "$PGPASSWORD" ] && [ -n "$ASKS" ]; then echo "psql: error: fe_sendauth: no password supplied" >&2; exit 2; fi
if [ "$PGPASSWORD" = "it's right" ]; then
  [ -z "$RIGHT" ] || { echo "psql: error: FATAL:  $RIGHT" >&2; exit 2; }
  echo 'WARNING:  database has a collation version mismatch' >&2; echo 1; exit 0
fi
[ -n "$SAYS" ] || { echo 1; exit 0; }
echo "psql: error: connection to server at \"$4\" failed: FATAL:  $SAYS" >&2; exit 2
"""
ENGLISH = 'password authentication failed for user "staging_user"'
GERMAN = "Passwort-Authentifizierung für Benutzer »staging_user« fehlgeschlagen"
FULL = "tut mir leid, schon zu viele Verbindungen"
NO_ENTRY = "kein pg_hba.conf-Eintrag für Host »10.0.0.2«, Benutzer »staging_user«, Datenbank »staging_db«"


@pytest.mark.parametrize(("password", "server", "answer"), [
    ("it's right", {"SAYS": ENGLISH}, "accepted"), ("wrong", {"SAYS": ENGLISH}, "refused"), ("wrong", {"SAYS": GERMAN}, "refused"),
    ("wrong", {"SAYS": "認証に失敗しました: staging_user"}, "refused"), ("wrong", {"SAYS": FULL}, "unknown"),
    ("wrong", {"SAYS": NO_ENTRY, "ASKS": ""}, "unknown"), ("it's right", {"SAYS": FULL, "RIGHT": FULL}, "unknown"),
    # after the password was taken: no such database, too many for the role
    ("it's right", {"SAYS": GERMAN, "RIGHT": "zu viele Verbindungen für Rolle »staging_user«"}, "unknown"),
    ("it's right", {"SAYS": ENGLISH, "ADDRESS": "127.0.0.1"}, "unknown"), ("wrong", {"SAYS": "", "ADDRESS": ""}, "unknown"),
    ("any", {"SAYS": "", "ASKS": ""}, "accepted"),
], ids=lambda value: value if isinstance(value, str) and value.isascii() else None)
def test_the_server_may_refuse_in_any_language(tmp_path: Path, password: str, server: dict[str, str], answer: str) -> None:
    for name, text in {"psql": PSQL, "hostname": '#!/bin/sh\necho "$ADDRESS"\n'}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "ADDRESS": "10.0.0.2 10.0.1.2", "ASKS": "yes", "RIGHT": "", **server}
    done = subprocess.run(("sh", "-c", LOG_IN, "log-in", "staging_user", "staging_db"), input=f"{password}\n", env=environment,
                          capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{answer}\n", "")


def test_it_is_refused_before_anything_and_says_what_to_do() -> None:
    found = {one.check: one for one in secrets_can_be_delivered(SECRETS, ServerSecrets(0o600, "deploy", (), (LOGIN,)), ENVIRONMENT)}
    one = found["the database accepts this run's passwords"]
    assert (str(one.verdict), one.measured) == ("failed", "STAGING_DB_PASSWORD is refused for staging_user")
    assert "\\password staging_user" in one.next_step


def test_what_is_not_known_is_a_warning_that_names_the_role() -> None:
    on_server = ServerSecrets(0o600, "deploy", (), undecided=(LOGIN,))
    found = {one.check: one for one in secrets_can_be_delivered(SECRETS, on_server, ENVIRONMENT)}
    one = found["the database accepts this run's passwords"]
    assert (str(one.verdict), one.measured) == ("warning", "not known for staging_user")
    assert "psql -h ADDRESS -U staging_user staging_db" in one.next_step


def test_a_refusal_fails_although_another_login_is_not_known() -> None:
    on_server = ServerSecrets(0o600, "deploy", (), (LOGIN,), (replace(LOGIN, role="reader"),))
    found = {one.check: one for one in secrets_can_be_delivered(SECRETS, on_server, ENVIRONMENT)}
    one = found["the database accepts this run's passwords"]
    assert (str(one.verdict), one.measured) == ("failed", "STAGING_DB_PASSWORD is refused for staging_user; not known for reader")
