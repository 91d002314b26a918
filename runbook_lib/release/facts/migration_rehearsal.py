"""A release's migrations, run on a copy of the live schema that no network reaches."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.environment.release import both_slots
from runbook_lib.release.facts.schema_copy import PASSED, parse_copy_records

REHEARSAL_TIMEOUT_S = 420.0
SAME_LIBRARIES = "same"


class RehearsalOutcome(StrEnum):
    """What a rehearsal came to, as `migration_rehearsal.sh` prints it. ERROR: the copy itself could not be made."""

    PASSED = PASSED
    FAILED = "failed"
    NO_DATABASE = "no-database"
    NO_IMAGE = "no-image"
    ERROR = "error"


@dataclass(frozen=True)
class MigrationRehearsal:
    """How the migrations went. `image` gave the libraries; `own_libraries`: whether they are the release's own.

    `before` and `after` are schema revisions; `message` is the end of the output; `seconds` the migrations took.
    """

    outcome: RehearsalOutcome
    message: str
    image: str | None = None
    own_libraries: bool | None = None
    before: str | None = None
    after: str | None = None
    seconds: float | None = None


def rehearse_migrations(environment: Environment, commit: str | None) -> Question[MigrationRehearsal | None]:
    """The migrations of a commit on a copy of the live schema. Half a minute.

    None without a commit or any migration, and with the strategy recreate. The copy holds no row of data: the rehearsal
    proves statements, not what they do to rows. No image is built for it; where the release's own does not exist yet,
    the running backend's libraries run the release's migrations.
    Raises FactUnreadable when the reply has no result. Source: `programs/migration_rehearsal.sh`.
    """
    release = environment.release
    argv = ("bash", "-s", "--", environment.server.directory, commit or "", environment.project,
            *environment.database_words, release.image_of(release.api, commit or ""), release.folder_of(release.api),
            *both_slots((release.api,)))
    program = programs.text("platform/whole_lines.sh", "platform/own_session.sh", "release/limited.sh",
                            "release/read_git.sh", "release/whole_tree.sh", "platform/image_of.sh",
                            "release/schema_copy.sh", "release/migration_rehearsal.sh")

    def fetch(connections: Connections) -> MigrationRehearsal | None:
        # another application's code knows no address of a copy
        if commit is None or "migrations" in environment.without or release.replaced:
            return None
        reply = connections.server.run(Command(argv, stdin=program, timeout_s=REHEARSAL_TIMEOUT_S))
        return parse_rehearsal(reply.stdout, connections.server.address)

    return Question("migrations on a copy of the schema", fetch)


def parse_rehearsal(text: str, where: str) -> MigrationRehearsal:
    """The records that `migration_rehearsal.sh` prints. Raises FactUnreadable for a result that is not known."""
    found = parse_copy_records(text, where)
    seconds, libraries = found.get("seconds"), found.get("libraries")
    try:
        return MigrationRehearsal(
            RehearsalOutcome(found.outcome),
            found.message,
            image=found.get("image"),
            own_libraries=None if libraries is None else libraries == SAME_LIBRARIES,
            before=found.get("before"),
            after=found.get("after"),
            seconds=float(seconds) if seconds else None,
        )
    except ValueError as cause:
        raise FactUnreadable("The migrations could not be rehearsed: the reply is not in the expected form.",
                             where=where,
                             next_step="Run the notebook again; `docker ps` on the server should answer.") from cause
