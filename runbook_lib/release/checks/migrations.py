"""Will the release's migrations run? Their chain, and how they went on a copy of the schema. Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.release.facts.migration_rehearsal import MigrationRehearsal
from runbook_lib.release.facts.migrations import Migrations

CHECK_CHAIN = "migrations have one head"
CHECK_KNOWN = "the migrations know the database's revision"
CHECK_COPY = "migrations pass on a copy of the schema"


def migration_findings(
    migrations: Migrations, rehearsal: MigrationRehearsal | None, current: str | None
) -> tuple[Finding, ...]:
    """`current` is the revision of the live database; None before the first deployment.

    A database past the release is a warning, not a failure: an older release keeps the newer schema.
    """
    if migrations.pending(current) is None:
        newer = f"the database is at {current}, which this release does not have"
        return (
            _chain(migrations),
            Finding(CHECK_KNOWN, Verdict.WARNING, newer, "a revision of this release",
                    "20 Deploy keeps the newer schema, and its gates say whether this release runs on it."),
            Finding(CHECK_COPY, Verdict.WARNING, "nothing to migrate", "an upgrade",
                    "Whether the older code runs on the newer schema is seen by the deploy's gates."),
        )
    return (_chain(migrations), _known(migrations, current), _rehearsed(migrations, rehearsal))


def _chain(migrations: Migrations) -> Finding:
    faults = [f"{len(migrations.heads)} heads: {', '.join(migrations.heads) or 'none'}"] * (len(migrations.heads) != 1)
    faults += [f"{name} is missing" for name in migrations.missing_parents]
    faults += [f"{name} is claimed by two files" for name in migrations.duplicates]
    faults += [f"{path} is no migration that can be read" for path in migrations.unreadable]
    return finding(CHECK_CHAIN, not faults,
                   measured="; ".join(faults) or f"{migrations.heads[0]}, {len(migrations.revisions)} revisions",
                   expected="one head, every parent there",
                   next_step="Join the heads in the release with `alembic merge heads`, then tag again.")


def _known(migrations: Migrations, current: str | None) -> Finding:
    pending = migrations.pending(current) or ()
    told = ", ".join(one.revision + (f" ({', '.join(one.careful)})" if one.careful else "") for one in pending)
    return finding(CHECK_KNOWN, True, measured=f"at {current or 'nothing yet'}; pending: {told or 'none'}")


def _rehearsed(migrations: Migrations, rehearsal: MigrationRehearsal | None) -> Finding:
    expected = f"upgrade to {', '.join(migrations.heads) or 'the head'}"
    if rehearsal is None:
        return finding(CHECK_COPY, None, measured="there is no commit to take them from", expected=expected,
                       next_step="Choose a ref that exists.")
    if rehearsal.outcome in ("no-database", "no-image"):
        return Finding(CHECK_COPY, Verdict.WARNING, f"not proven: {rehearsal.message}", expected,
                       "Before the first deployment there is no schema to copy; its gate proves them.")
    if rehearsal.outcome == "error":
        return finding(CHECK_COPY, None, measured=_end_of(rehearsal.message), expected=expected,
                       next_step="The copy could not be made: look at the server's memory, then run again.")
    reached = rehearsal.outcome == "passed" and (rehearsal.after or "",) == migrations.heads
    if reached and not rehearsal.own_libraries:
        measured = f"{_told(rehearsal)}, with the libraries of {rehearsal.image}"
        return Finding(CHECK_COPY, Verdict.WARNING, measured, expected,
                       "The release has other libraries; the deploy repeats this with its own image.")
    measured = _told(rehearsal) if rehearsal.outcome == "passed" else _end_of(rehearsal.message)
    return finding(CHECK_COPY, reached, measured=measured, expected=expected,
                   next_step="Do not deploy this release: correct the migration, and tag the correction.")


def _told(rehearsal: MigrationRehearsal) -> str:
    return f"{rehearsal.before or 'empty'} → {rehearsal.after} in {rehearsal.seconds:.0f} s"


def _end_of(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return lines[-1][:400] if lines else "no message"
