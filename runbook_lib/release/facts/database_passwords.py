"""Does the live database accept the passwords of this run? Its variable only counts when its data are first made.

So a new POSTGRES_PASSWORD reaches the application and not the database, and the release cannot log in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import CommandTimedOut, FactUnreadable
from runbook_lib.core.questions import Connections
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import exec_in

_ADDRESS = re.compile(r"postgres(?:ql)?(?:\+\w+)?://([\w.-]+):\$\{(\w+)\}@([\w.-]+)(?::\d+)?/([\w.-]+)")
_NOT_RUNNING = "no container"
# Over the container's own address, where the application comes from: the loopback is trusted in the official image, and
# would accept any password. A database that asks for none accepts any.
# psql names no SQLSTATE for a connection that fails; the server words the refusal in its own language (lc_messages).
# It is a refusal where the server asks for a password, and gives this one the same words as one that cannot be right;
# they name the role, and those of a server that is starting or full do not.
LOG_IN = r"""
export LC_ALL=C PGCONNECT_TIMEOUT=5
role=$1 database=$2
IFS= read -r password
address=$(hostname -i) && address=${address%% *}
case $address in '' | 127.* | ::1) echo unknown; exit 0 ;; esac
log_in() { psql -XqAtw -h "$address" -U "$role" -d "$database" -c 'SELECT 1' 2>&1; }
if reply=$(PGPASSWORD=$password log_in); then echo accepted; exit 0; fi
case $reply in
  *"password authentication failed"*) echo refused; exit 0 ;;
  *"$role"*) ;;
  *) echo unknown; exit 0 ;;
esac
case $(unset PGPASSWORD; log_in) in
  *"no password supplied"*) [ "$reply" != "$(PGPASSWORD=not-$password log_in)" ] || { echo refused; exit 0; } ;;
esac
echo unknown
"""


@dataclass(frozen=True)
class DatabaseLogin:
    """A role of the application: the secret that is its password, the service and the database that it logs in to."""

    secret: str
    role: str
    service: str
    database: str


def logins_of(environment: Environment) -> tuple[DatabaseLogin, ...]:
    """The logins that the environment's own variables and secrets name, each once."""
    found = (_ADDRESS.match(value) for file in environment.environment_files.values()
             for value in file.variables.values())
    database = environment.database
    roles = (DatabaseLogin(name, one.database_role, database.service, database.name)
             for name, one in environment.secrets.items() if database and one.database_role)
    return tuple(dict.fromkeys((*(DatabaseLogin(one[2], one[1], one[3], one[4]) for one in found if one), *roles)))


def try_logins(environment: Environment, secrets: Mapping[str, Secret],
               connections: Connections) -> tuple[tuple[DatabaseLogin, ...], tuple[DatabaseLogin, ...]]:
    """The logins whose password of this run a running database refuses, and those where that could not be found out.

    Neither has those of a database that does not run: there is nothing to ask. A value travels by standard input, and
    is in no reply.
    """
    refused, undecided = [], []
    for login in logins_of(environment):
        if login.service in environment.services and login.secret in secrets:
            answer = _answer(environment, login, secrets[login.secret], connections)
            if answer == "refused":
                refused.append(login)
            elif answer not in ("accepted", _NOT_RUNNING):
                undecided.append(login)
    return tuple(refused), tuple(undecided)


def _answer(environment: Environment, login: DatabaseLogin, secret: Secret, connections: Connections) -> str:
    """What the program answered; empty where it did not, which is neither a refusal nor its absence."""
    argv = exec_in(environment, login.service, "sh", "-c", LOG_IN, "log-in", login.role, login.database)
    line = Secret(login.secret, secret.reveal() + "\n")
    try:
        reply = connections.server.run(Command(argv, stdin=line, timeout_s=30, accepts=(0, 1, 125, 126, 127)))
    except (CommandTimedOut, FactUnreadable):
        return ""
    if reply.exit_code == 126:
        return _NOT_RUNNING
    return reply.stdout.strip() if reply.exit_code == 0 else ""
