"""What a release would migrate, and whether it did, where a release replaces another one's containers. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.text import pluralize
from runbook_lib.release.facts.repository import ReleaseTree

APPLIED = "the release's migrations are applied"
LEFT = "the schema after the rollback"
FOUND = "the release's migrations are found"
PENDING = "the migrations that are pending are known"
ENDED = "each migration that has begun has ended"
MOST_NAMED = 8
BY_A_STEP = "20 Deploy runs them before it replaces containers"


def at_start(jobs: Iterable[str]) -> str:
    """Who migrates where no step does: what runs once before containers are replaced, or the application itself."""
    once = ", ".join(jobs)
    return f"what runs once before ({once}) does so, or the application when it starts" if once else \
        "the application does so when it starts, within the outage"


def named(names: tuple[str, ...]) -> str:
    """The names of migrations for a line: the first ones, and how many more."""
    shown = ", ".join(names[:MOST_NAMED])
    return f"{shown} and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else shown


def pending_in(tree: ReleaseTree | None, schema_now: str | None) -> tuple[str, ...] | None:
    """The names of what a release would migrate, in order; None where that is not known."""
    if tree is None:
        return None
    if tree.no_migrations:
        return ()
    if tree.file_migrations is not None:
        return tree.file_migrations.pending
    pending = tree.migrations.pending(schema_now)
    # a schema that the release does not know is newer than it, and stays
    return () if pending is None else tuple(one.revision for one in pending)


def file_migrations_known(tree: ReleaseTree, *, first: bool = False) -> tuple[Finding, ...]:
    """The files of a release are there, and the database shows which of them it has. `first`: there is none yet."""
    files = tree.file_migrations
    if files is None:
        return ()
    if files.shared:
        return (finding(FOUND, False, measured=f"several files are called {named(files.shared)}",
                        expected="a name for each file: a pending one would count as applied",
                        next_step="Give migrations.name a pattern that tells them apart, such as {above}.{stem}."),)
    found = finding(FOUND, bool(files.of_release), measured=pluralize(len(files.of_release), "file"),
                    expected="files that match migrations.files",
                    next_step="Correct the patterns in migrations.files: `git ls-files` shows the paths that they are "
                    "compared with.")
    return (found, *_ended(files.unfinished), _pending(tree, first=first))


def _ended(unfinished: tuple[str, ...]) -> tuple[Finding, ...]:
    """Only where one has not: the tool then refuses, in a step as at a start, that of the previous release too."""
    return (finding(ENDED, False, measured=f"begun and not ended: {named(unfinished)}", expected="none",
                    next_step="See what of it is in the database, bring that to one of both ends, and tell the tool "
                    "(golang-migrate: force; Prisma: migrate resolve; Flyway: repair). Then run again."),
            ) if unfinished else ()


def _pending(tree: ReleaseTree, *, first: bool) -> Finding:
    files = tree.file_migrations
    assert files is not None
    if files.pending is None:
        if first:
            return Finding(PENDING, Verdict.NOT_APPLICABLE, "there is no database yet")
        return finding(PENDING, None, measured=files.problem, expected="the names that migrations.applied reads",
                       next_step="Does the database run, and is migrations.applied its SELECT? Then run again.")
    who = at_start(files.jobs) if files.at_start else BY_A_STEP
    measured = f"pending: {named(files.pending)}; {who}" if files.pending else "none is pending"
    if files.newer:
        newer = f"{measured}; the database has {named(files.newer)}, which this release does not have"
        return Finding(PENDING, Verdict.WARNING, newer, "no migration that the release does not know",
                       "The newer schema stays, and the gate decides whether this release works on it.")
    return finding(PENDING, True, measured=measured)


def migrations_applied(wanted: tuple[str, ...], applied: frozenset[str]) -> Finding:
    """The database has every migration of the release."""
    missing = tuple(one for one in wanted if one not in applied)
    return finding(APPLIED, not missing, measured=f"missing: {named(missing)}" if missing else f"all {len(wanted)}",
                   expected=f"all {len(wanted)}",
                   next_step="Read what the migrations logged. Where the tool has run them all, migrations.name makes "
                   "other names than migrations.applied reads: correct the environment file.")


def files_applied(tree: ReleaseTree | None) -> tuple[Finding, ...]:
    """The same of an inspected release; inconclusive where it or the database could not be asked."""
    files = tree.file_migrations if tree else None
    if files is None or files.applied is None:
        return (finding(APPLIED, None, measured=files.problem if files else "the release could not be read",
                        expected="all of the release", next_step="Run the notebook again."),)
    return (migrations_applied(files.of_release, files.applied),)


def migrations_left(before: frozenset[str], after: frozenset[str] | None) -> Finding:
    """What an undone deployment has left in the schema: nothing reverses it."""
    if after is None:
        return Finding(LEFT, Verdict.WARNING, "not known: the database could not be asked", "as before",
                       "Compare the applied migrations with those of the live release.")
    stayed = tuple(sorted(after - before))
    return finding(LEFT, not stayed, measured=f"applied, and stays: {named(stayed)}" if stayed else
                   "no migration has finished; a part of one that is not a transaction may have stayed",
                   expected="as before", otherwise=Verdict.WARNING,
                   next_step="The previous release runs on it. Correct what failed and deploy again; or bring back the "
                   "backup of this run with 32 Restore the database.")
