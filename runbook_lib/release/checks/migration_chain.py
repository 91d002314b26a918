"""Will the release's migrations run? Their chain, and how they went on a copy of the schema. Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import head_of, lines_of, pluralize
from runbook_lib.release.checks.file_migrations import file_migrations_known
from runbook_lib.release.facts.migration_rehearsal import MigrationRehearsal, RehearsalOutcome
from runbook_lib.release.facts.repository import ReleaseTree

CHAIN = "migrations have one head"
KNOWN = "the migrations know the database's revision"
REHEARSAL = "migrations pass on a copy of the schema"
NOT_REHEARSED = Finding(REHEARSAL, Verdict.NOT_APPLICABLE, "with the strategy recreate no copy is made: the image that "
                        "can run the release's migrations is built by 20 Deploy, which takes a backup first")


def migrations(
    tree: ReleaseTree, rehearsal: MigrationRehearsal | None, current: str | None
) -> tuple[Finding, ...]:
    """`current` is the revision of the live database; None before the first deployment.

    A database past the release is a warning, not a failure: an older release keeps the newer schema.
    """
    if tree.no_migrations:
        return tuple(not_applicable(name, tree.no_migrations) for name in (CHAIN, KNOWN, REHEARSAL))
    if tree.file_migrations is not None:
        return (*file_migrations_known(tree), NOT_REHEARSED)
    if tree.by_hand and tree.migrations.pending(current) is not None:
        return migration_chain(tree), _known(tree, current), NOT_REHEARSED
    if tree.migrations.pending(current) is None:
        newer = f"the database is at {current}, which this release does not have"
        return (
            migration_chain(tree),
            Finding(KNOWN, Verdict.WARNING, newer, "a revision of this release",
                    "20 Deploy keeps the newer schema, and its gates verify whether this release works on it."),
            Finding(REHEARSAL, Verdict.WARNING, "nothing to migrate", "an upgrade",
                    "The gates of 20 Deploy verify whether the older code works on the newer schema."),
        )
    return (migration_chain(tree), _known(tree, current), _rehearsed(tree, rehearsal))


def migration_chain(tree: ReleaseTree) -> Finding:
    """One head, every parent present, each revision once: read from the source, nothing is executed."""
    if tree.no_migrations:
        return not_applicable(CHAIN, tree.no_migrations)
    chain = tree.migrations
    faults = [f"{len(chain.heads)} heads: {', '.join(chain.heads) or 'none'}"] * (len(chain.heads) != 1)
    faults += [f"{name} is missing" for name in chain.missing_parents]
    faults += [f"{name} is claimed by two files" for name in chain.duplicates]
    faults += [f"{path} cannot be parsed as a migration" for path in chain.unreadable]
    return finding(CHAIN, not faults,
                   measured="; ".join(faults) or f"{chain.heads[0]}, {pluralize(len(chain.revisions), 'revision')}",
                   expected="one head, no parent missing",
                   next_step="Join the heads in the release with `alembic merge heads`, then tag again.")


def _known(tree: ReleaseTree, current: str | None) -> Finding:
    pending = tree.migrations.pending(current) or ()
    names = ", ".join(one.revision + (f" ({', '.join(one.careful)})" if one.careful else "") for one in pending)
    return finding(KNOWN, True, measured=f"at {current or 'nothing yet'}; pending: {names or 'none'}")


def _rehearsed(tree: ReleaseTree, rehearsal: MigrationRehearsal | None) -> Finding:
    heads = tree.migrations.heads
    expected = f"upgrade to {', '.join(heads) or 'the head'}"
    if rehearsal is None:
        return finding(REHEARSAL, None, measured="there is no commit to take them from", expected=expected,
                       next_step="Choose a ref that exists.")
    # before the first deployment there is neither a schema to copy nor a row to lose
    if rehearsal.outcome in (RehearsalOutcome.NO_DATABASE, RehearsalOutcome.NO_IMAGE):
        return Finding(REHEARSAL, Verdict.WARNING, f"not rehearsed: {rehearsal.message}", expected,
                       "Where nothing was ever deployed there is no schema to copy; else start the database first.")
    if rehearsal.outcome is RehearsalOutcome.ERROR:
        return finding(REHEARSAL, None, measured=_end_of(rehearsal.message), expected=expected,
                       next_step="The copy could not be made: check the server's memory, then run again.")
    passed = rehearsal.outcome is RehearsalOutcome.PASSED
    reached = passed and (rehearsal.after or "",) == heads
    moved = f"{rehearsal.before or 'empty'} → {rehearsal.after} in {rehearsal.seconds or 0:.0f} s"
    # an image of the release would take minutes to build, and 20 Deploy builds it anyway
    if reached and not rehearsal.own_libraries:
        return Finding(REHEARSAL, Verdict.WARNING, f"{moved}, with the libraries of {rehearsal.image}", expected,
                       "The release has other libraries; the deployment repeats this with its own image.")
    return finding(REHEARSAL, reached, measured=moved if passed else _end_of(rehearsal.message), expected=expected,
                   next_step="Do not deploy this release: correct the migration, and tag the correction.")


def _end_of(message: str) -> str:
    lines = [line.strip() for line in lines_of(message) if line.strip()]
    return head_of(lines[-1], 400) if lines else "no message"
