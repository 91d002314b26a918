"""A release's migrations, run on a copy of the live schema that nobody else can reach."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Literal, cast, get_args

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment

PROJECT = "gw2-staging"
REHEARSAL_TIMEOUT_S = 420.0
Outcome = Literal["passed", "failed", "no-database", "no-image", "error"]


@dataclass(frozen=True)
class MigrationRehearsal:
    """How the migrations went. `image` gave the libraries; `own_libraries` says whether they are the release's own.

    `before` and `after` are schema revisions; `message` is the end of what was printed.
    """

    outcome: Outcome
    message: str
    image: str | None = None
    own_libraries: bool | None = None
    before: str | None = None
    after: str | None = None
    seconds: float | None = None


def migration_rehearsal_of(environment: Environment, commit: str | None) -> Question[MigrationRehearsal | None]:
    """The migrations of a commit on a copy of the live schema; None without a commit.

    The copy holds no row of data: the rehearsal proves statements, not what they do to rows. No image is built for
    it; where the release's own is not there yet, the running backend's libraries run the release's migrations.
    """
    rules = environment.backup
    argv = ("bash", "-s", "--", environment.server.directory, commit or "", PROJECT, rules.database, rules.user)
    program = programs.text("release/read_git.sh", "release/schema_copy.sh", "release/migration_rehearsal.sh")

    def fetch(connections: Connections) -> MigrationRehearsal | None:
        if commit is None:
            return None
        reply = connections.server.run(Command(argv, stdin=program, timeout_s=REHEARSAL_TIMEOUT_S))
        return parse_rehearsal(reply.stdout, connections.server.address)

    return Question("migrations on a copy of the schema", fetch)


def parse_rehearsal(text: str, where: str) -> MigrationRehearsal:
    """The records that `migration_rehearsal.sh` prints. Raises FactUnreadable when its result is not among them."""
    records = {kind: fields for kind, *fields in (line.split("\t") for line in text.splitlines())}
    try:
        outcome, message = records["result"]
        if outcome not in get_args(Outcome):
            raise ValueError(outcome)
        said = base64.b64decode(message, validate=True).decode("utf-8", "replace").strip()
    except (KeyError, ValueError, binascii.Error) as cause:
        raise FactUnreadable(
            "The migrations could not be rehearsed: the reply has no result.",
            where=where,
            next_step="Run the notebook again; `docker ps` on the server should answer.",
        ) from cause

    def text_of(kind: str) -> str | None:
        return (records.get(kind) or [""])[0] or None

    seconds = text_of("seconds")
    return MigrationRehearsal(
        cast(Outcome, outcome),
        said,
        image=text_of("image"),
        own_libraries=text_of("libraries") == "same" if "libraries" in records else None,
        before=text_of("before"),
        after=text_of("after"),
        seconds=float(seconds) if seconds else None,
    )
