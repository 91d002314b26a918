"""Bringing the schema forward, in a one-off container of the new image."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment
from runbook_lib.platform.plans.compose import compose
from runbook_lib.platform.plans.one_off import one_off_words
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey

# A migration that waits for a lock makes every later query on that table wait behind it.
LOCK_LIMIT_S = 5
MIGRATION_TIMEOUT_S = 600.0
STOP_TIMEOUT_S = 60.0
LOCK_TIMEOUT = f"lock_timeout={LOCK_LIMIT_S}s"
# PostgreSQL itself ends a statement when the step is over: a role's own, shorter limit must not end it half-way
PG_OPTIONS = f"-c {LOCK_TIMEOUT} -c statement_timeout={MIGRATION_TIMEOUT_S:.0f}s"
# the service may have some of its own, its schema among them; whatever sets them, a container of it shows
OWN_OPTIONS = ("-c", 'printf "PGOPTIONS=%s" "${PGOPTIONS-}"')


def migrate(rollout: Rollout) -> Step:
    """Run the new image's migrations while the live code runs. Undone: none is running; a finished one stays."""
    environment = rollout.environment
    return Step(
        StepKey.MIGRATE,
        "Migrate the database",
        (alembic(environment, rollout.colour, "upgrade", rollout.target.schema_head),),
        undo=(stop_migration(environment),),
        keeps="the new schema",
        why="in a one-off container of the new image; gives up after waiting 5 s for a lock. A failed migration is one "
        "transaction and leaves nothing; a finished one stays, because the live code works on the new schema",
    )


def alembic(environment: Environment, colour: str, *words: str, commit: str | None = None) -> Command:
    """alembic in a one-off container of a colour's image, or of `commit`'s; stopped with it when the step is stopped.

    A session of it that waits longer than 5 s for a lock is canceled, whether its driver reads PGOPTIONS or not.
    """
    # Compose prefers the process environment to .env: the container gets this image, whatever .env names
    image = ("env", f"{colour.upper()}_COMMIT={commit}") if commit else ()
    return one_off(environment, environment.api_of(colour), "alembic", "-x", LOCK_TIMEOUT, *words, prefix=image)


def one_off(environment: Environment, service: str, *words: str, prefix: tuple[str, ...] = (),
            more_files: tuple[str, ...] = ()) -> Command:
    """A migration command in a one-off container of a service, as `alembic`; without words, the service's own.

    `prefix` stands before docker compose, and `more_files` are as in `compose`.

    Its sessions have our limits, after the PGOPTIONS that the service has; where a pooler takes none, it is run again
    without. Source: programs/migration.sh.
    """
    name = one_off_name(environment)
    asked = compose(environment, "run", "--rm", *one_off_words(environment, f"{name}-options", "migration"),
                    "--entrypoint", "sh", service, *OWN_OPTIONS, more_files=more_files)
    # by its name alone: the program has the value
    started = compose(environment, "run", "--rm", *one_off_words(environment, name, "migration"), "--env", "PGOPTIONS",
                      service, *words, more_files=more_files, timeout_s=MIGRATION_TIMEOUT_S)
    first = (*prefix, *asked.argv)
    return replace(started, argv=(*_program(environment, "run"), PG_OPTIONS, str(len(first)), *first, *prefix,
                                  *started.argv), stdin=_text())


def stop_migration(environment: Environment) -> Command:
    """End a migration that a stopped run has left, with its sessions; passes where there is none."""
    return Command(_program(environment, "stop"), stdin=_text(), timeout_s=STOP_TIMEOUT_S)


def one_off_name(environment: Environment) -> str:
    """The container of a migration. One name for all: two at once are impossible, and a stopped one is found by it."""
    return f"{environment.project}-migration"


def _program(environment: Environment, verb: str) -> tuple[str, ...]:
    return ("bash", "-s", "--", verb, environment.project, *environment.database_words, str(LOCK_LIMIT_S),
            one_off_name(environment))


def _text() -> str:
    return programs.text("platform/own_session.sh", "platform/sessions.sh", "platform/migration.sh")
