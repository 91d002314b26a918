"""How strong the secrets are, of this run and on the server. A value of a secret is never part of an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.redaction import Secret
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment
from runbook_lib.release.facts.database_passwords import DatabaseLogin, try_logins

WEAK_WORDS = ("changeme", "password", "passwort", "letmein", "qwerty", "123456", "secret", "default", "example",
              "placeholder", "staging")
_URL_SAFE = re.compile(r"[A-Za-z0-9._~-]+")


@dataclass(frozen=True)
class SecretStrength:
    """What may be known about a secret: its length and distinct characters, and whether a well-known word is in it."""

    name: str
    length: int
    distinct: int
    weak_word: bool
    url_safe: bool


@dataclass(frozen=True)
class ServerSecrets:
    """The server's `compose.secrets_file`. `mode` and `owner` are None where there is no file yet.

    `refused` are logins of the application with a password of this run that the live database does not accept;
    `undecided` those where the database runs and that could not be found out.
    """

    mode: int | None
    owner: str | None
    secrets: tuple[SecretStrength, ...]
    refused: tuple[DatabaseLogin, ...] = ()
    undecided: tuple[DatabaseLogin, ...] = ()


def survey_secrets(environment: Environment, held: Mapping[str, Secret] | None = None) -> Question[ServerSecrets]:
    """Names and strength of the secrets on the server. A filter there measures them; values stay there.

    With `held`, the secrets of this run, also which of its passwords the live database refuses.

    Raises FactUnreadable when the file cannot be read by the environment's user. Source: `programs/read_secrets.sh`.
    """
    path = environment.server.path(environment.compose.secrets_file)
    argv = ("bash", "-s", "--", path, ",".join(WEAK_WORDS))

    def fetch(connections: Connections) -> ServerSecrets:
        reply = connections.server.run(Command(argv, stdin=programs.text("release/read_secrets.sh")))
        on_server = parse_server_secrets(reply.stdout, path)
        refused, undecided = try_logins(environment, held or {}, connections)
        return replace(on_server, refused=refused, undecided=undecided)

    return Question("secrets on the server", fetch)


def parse_server_secrets(text: str, path: str) -> ServerSecrets:
    """The lines that `read_secrets.sh` prints. Raises FactUnreadable on anything else."""
    lines = [line.split(" ") for line in lines_of(text)]
    if lines == [["absent"]]:
        return ServerSecrets(None, None, ())
    try:
        (_, mode, owner), *secrets = lines
        found = [
            SecretStrength(name, int(length), int(distinct), weak == "1", safe == "1")
            for _, name, length, distinct, weak, safe in secrets
        ]
        return ServerSecrets(int(mode, 8), owner, tuple(found))
    except ValueError as cause:
        # the reply is not shown: it may hold what went wrong inside a secret
        raise FactUnreadable("The secrets on the server could not be measured.", where=path,
                             next_step="Check the form of the file: one NAME='value' a line.") from cause


def strength_of(secret: Secret) -> SecretStrength:
    """The strength of a secret that this run holds, measured as on the server."""
    value = secret.reveal()
    weak = any(word in value.lower() for word in WEAK_WORDS)
    return SecretStrength(secret.name, len(value), len(set(value)), weak, bool(_URL_SAFE.fullmatch(value)))
