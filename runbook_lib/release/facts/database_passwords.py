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
# Over the container's own address, where the application comes from: the loopback is trusted in the official image, and
# would accept any password. A database that asks for none accepts any.
_LOG_IN = r"""
IFS= read -r password
address=$(hostname -i) && address=${address%% *}
log_in() { PGPASSWORD=$1 PGCONNECT_TIMEOUT=5 psql -XqAtw -h "$address" -U "$role" -d "$database" -c 'SELECT 1' 2>&1; }
role=$1 database=$2
case $(log_in "$password") in
  1) echo accepted ;;
  *"password authentication failed"*) echo refused ;;
  *) echo unknown ;;
esac
"""


@dataclass(frozen=True)
class DatabaseLogin:
    """A role of the application: the secret that is its password, the service and the database that it logs in to."""

    secret: str
    role: str
    service: str
    database: str


def logins_of(environment: Environment) -> tuple[DatabaseLogin, ...]:
    """The logins that the environment's own variables name, each once."""
    found = (_ADDRESS.match(value) for file in environment.environment_files.values()
             for value in file.variables.values())
    return tuple(dict.fromkeys(DatabaseLogin(one[2], one[1], one[3], one[4]) for one in found if one))


def refused_logins(environment: Environment, secrets: Mapping[str, Secret],
                   connections: Connections) -> tuple[DatabaseLogin, ...]:
    """Those whose password of this run a running database refuses. Empty where it cannot be asked.

    A value travels by standard input, and is in no reply.
    """
    refused = []
    for login in logins_of(environment):
        if login.service in environment.services and login.secret in secrets:
            argv = exec_in(environment, login.service, "sh", "-c", _LOG_IN, "log-in", login.role, login.database)
            line = Secret(login.secret, secrets[login.secret].reveal() + "\n")
            try:
                reply = connections.server.run(Command(argv, stdin=line, timeout_s=30, accepts=(0, 1, 125, 126, 127)))
            except (CommandTimedOut, FactUnreadable):
                continue
            refused += [login] if reply.stdout.strip() == "refused" else []
    return tuple(refused)
