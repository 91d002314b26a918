"""Could this database be brought back from a dump? Judged on the day of the backup. Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.environment.data_services import OWN_DATABASE, SERVER_DATABASES
from runbook_lib.recovery.checks.pitfalls import no_pitfalls
from runbook_lib.recovery.facts.reapplied import Computed
from runbook_lib.recovery.facts.restorability import Restorability

FILES = "the server has the files of every extension"
COMPUTED = "a restore can compute what the application wrote"
CARRIED = "a dump carries every row of the extensions' tables"
KEYS = "a restore can add every foreign key again"
UNIQUE = "a restore can make every unique index again"
SORTED = "indexes are sorted as the server sorts now"
AGAIN = "everything works again after a restore"
OWN_NAME = "the database's name is the application's own"
OBJECTS = "a dump carries every object"
MEMBERS = "a restore makes an extension's members as they are"
OPERATORS = "a dump names every operator in full"
LABELLED = "a restore can set every security label"
SUPPORTED = "a restore knows how to bring every extension back"
# What a dump that is merely loaded does not bring back, by each one's own manual. Rows of other extensions' tables come
# with the dump, where the extension says so (PostGIS' own reference systems); the drill shows it.
UNSUPPORTED = {
    "timescaledb": "its rows come back only between timescaledb_pre_restore() and timescaledb_post_restore(), which a "
                   "restore here does not call",
    "citus": "a dump does not say which tables are distributed, nor where their rows are",
}
MOST_NAMED = 10
ONE_DATABASE_ONLY = ("pg_cron",)  # its background worker serves one database; it refuses to be made in a second one
_DRILL = "31 Restore drill shows whether it works."


def can_be_restored(needs: Restorability | None) -> tuple[Finding, ...]:
    """What of the live database a dump leaves out, or a restore could not make again; None where it was not asked."""
    if needs is None:
        return (finding(FILES, None, measured="not asked", next_step="Run the notebook again."),)
    return (*extensions_are_supported(needs), _files(needs), _carried(needs), _computed(needs), _keys(needs),
            _unique(needs), *_sorted(needs), *_objects(needs), *_changed(needs), *_operators(needs),
            *_labelled(needs), *no_pitfalls(needs.pitfalls), _again(needs))


def name_is_its_own(environment: Environment) -> tuple[Finding, ...]:
    """Whether a restore could make a database of that name; named only where it could not."""
    name = environment.postgres.name
    if name not in SERVER_DATABASES:
        return ()
    return (finding(OWN_NAME, False, measured=f"{name}: PostgreSQL makes it on every server",
                    expected=f"none of {', '.join(SERVER_DATABASES)}",
                    next_step=f"No backup of {name} can be restored by 31 or 32: {OWN_DATABASE}."),)


def extensions_are_supported(needs: Restorability | None) -> tuple[Finding, ...]:
    """Whether 31 and 32 can bring every extension back; nothing where the database could not be asked."""
    if needs is None:
        return ()
    lacking = [f"{one.name}: {UNSUPPORTED[one.name]}" for one in needs.extensions if one.name in UNSUPPORTED]
    return (finding(SUPPORTED, not lacking, measured="; ".join(lacking) or "yes", expected="yes",
                    next_step="Not supported: 31 and 32 cannot bring a backup of this database back. Keep the backups "
                    "of 30, and restore one by hand, into a new database, as the extension's manual says; or back up "
                    "with the extension's own tool."),)


def _files(needs: Restorability) -> Finding:
    missing = [one.name for one in needs.extensions if one.available is None]
    once = [one.name for one in needs.extensions if one.name in ONE_DATABASE_ONLY]
    other = [f"{one.name} {one.version}, now {one.available}" for one in needs.extensions
             if one.available not in (None, one.version)]
    if missing or once:
        return finding(FILES, False, measured=", ".join((*missing, *(f"{name}: one database only" for name in once))),
                       expected="all of them",
                       next_step="No backup of this database can be restored here. Install the extension's package in "
                       "PostgreSQL's image, or drop the extension; then back up again.")
    # a dump names no version: a restore makes the one that the files are of
    return finding(FILES, not other, measured=", ".join(other) or pluralize(len(needs.extensions), "extension"),
                   expected="in the version that the database has", otherwise=Verdict.WARNING,
                   next_step=f"ALTER EXTENSION … UPDATE, or mind that a restore makes the newer one. {_DRILL}")


def _carried(needs: Restorability) -> Finding:
    lost = [f"{one.table}: {'some' if one.rows is None else pluralize(one.rows, 'row')}, of {one.extension}"
            for one in needs.unsaved]
    return finding(CARRIED, not lost, measured="; ".join(lost[:MOST_NAMED]) + (" …" if len(lost) > MOST_NAMED else "")
                   if lost else "yes", expected="yes, or there are none", otherwise=Verdict.WARNING,
                   next_step="No backup here has these rows, and no restore brings them back: pg_dump leaves out a "
                   "table of an extension that is not named as its configuration (pg_extension_config_dump). Keep "
                   "them otherwise, with COPY … TO for one, or move them to a table of your own.")


def _objects(needs: Restorability) -> tuple[Finding, ...]:
    """Named only where there are such: what is in PostgreSQL's own schemas, or was added to an extension."""
    if not needs.left_out:
        return ()
    lost = any(one.filled or one.needed for one in needs.left_out)
    return (finding(OBJECTS, False, measured=_some([one.name for one in needs.left_out]), expected="yes",
                    otherwise=Verdict.FAILED if lost else Verdict.WARNING,
                    next_step="No backup here has these, nor what they hold, and no restore makes them again: pg_dump "
                    "leaves out what is in PostgreSQL's own schemas or a member of an extension, and a restore ends at "
                    "the first object that needs one. ALTER … SET SCHEMA to one of your own, or ALTER EXTENSION … "
                    "DROP …, which keeps the object; then back up again."),)


def _changed(needs: Restorability) -> tuple[Finding, ...]:
    """Named only where there are such. A restore that ends there is certain only where it needs the change."""
    if not needs.changed:
        return ()
    lost = [one for one in needs.changed if one.needed]
    shown = _some([f"{one.name}, of {one.extension}" for one in lost or needs.changed])
    return (finding(MEMBERS, False, measured=shown, expected="yes",
                    otherwise=Verdict.FAILED if lost else Verdict.WARNING,
                    next_step="No dump has what was changed in an extension, by hand or by an update of it: "
                    "a restore makes it as the extension's script does, and "
                    f"{'may end at an index, a CHECK, a column or rows that need' if lost else 'is without'} the "
                    "change. Put it into a function or view of your own that calls the extension's, use that, and give "
                    f"the member back what it was; then back up again. {_DRILL}"),)


def _operators(needs: Restorability) -> tuple[Finding, ...]:
    """Named only where there are such: PostgreSQL itself prints them so."""
    if not needs.operators:
        return ()
    lost = [one for one in needs.operators if one.certain and not one.another]
    first = lost or list(needs.operators)
    return (finding(OPERATORS, False, measured=_some([f"{one.operator} in {one.name}" for one in first]),
                    expected="yes", otherwise=Verdict.FAILED if lost else Verdict.WARNING,
                    next_step=f"{'No backup of this database can be restored: ' if lost else ''}IS DISTINCT FROM, "
                    "NULLIF, CASE … WHEN, USING and comparisons of rows are in a dump without the schema of their "
                    "operator, and a restore finds none, or PostgreSQL's own, which may mean something else (letters "
                    f"of citext). Write it with a OPERATOR(schema.=) b; then back up again. {_DRILL}"),)


def _labelled(needs: Restorability) -> tuple[Finding, ...]:
    """Named only where there are labels: a restore sets them, and PostgreSQL then asks for who gave them."""
    if not needs.labels:
        return ()
    return (finding(LABELLED, False, measured=f"labels of {_some(list(needs.labels))}",
                    expected="no label, or their provider is loaded", otherwise=Verdict.WARNING,
                    next_step="A restore ends at the first label whose provider's library is not loaded "
                    f"(shared_preload_libraries). {_DRILL} Where it is gone: SECURITY LABEL … IS NULL, then back up "
                    "again."),)


def _computed(needs: Restorability) -> Finding:
    expected = "every CHECK, domain, index, generated column and partition key, with an empty search path"
    broken = [one for one in needs.computed if one.error]
    if broken:
        error = " ".join(str(broken[0].error).split())
        return finding(COMPUTED, False, measured=f"{_name(broken[0])}: {error[:300]}",
                       expected=expected,
                       next_step="No backup of this database can be restored. In that function write names with "
                       "their schema, or ALTER FUNCTION … SET search_path; where rows are refused, correct them or "
                       "add the constraint again as NOT VALID; then back up again.")
    doubtful = [one for one in needs.computed if one.volatile or one.error is None]
    shown = ", ".join(_name(one) for one in doubtful[:5])
    return finding(COMPUTED, not doubtful, measured=shown or f"{pluralize(len(needs.computed), 'expression')} tried",
                   expected=expected, otherwise=Verdict.WARNING,
                   next_step="It may depend on other tables, which are empty while a dump is loaded, or on who asks; "
                   f"or its function was changed since, or it could not be tried. {_DRILL}")


def _keys(needs: Restorability) -> Finding:
    keys = needs.foreign_keys
    if keys is None:
        return _not_tried(KEYS)
    broken = [f"{one.name} of {one.table}" for one in keys if one.broken]
    untried = sum(one.broken is None for one in keys)
    rest = f"; {untried} not tried, of large tables or of hidden rows" if untried else ""
    return finding(KEYS, not broken, expected="every row refers to one that is there",
                   measured=(", ".join(broken[:MOST_NAMED]) or pluralize(len(keys), "foreign key")) + rest,
                   next_step="No backup of this database can be restored: these have rows that refer to none, written "
                   "while triggers were off. Delete or complete the rows; or drop the constraint and add it again as "
                   "NOT VALID, which says what is so. Then back up again.")


def _unique(needs: Restorability) -> Finding:
    keys = needs.unique_keys
    if keys is None:
        return _not_tried(UNIQUE)
    twice = [f"{one.name} of {one.table}" for one in keys if one.repeated]
    untried = [one.name for one in keys if one.repeated is None]
    rest = f"; not examined, of large tables or of hidden rows: {_some(untried)}" if untried else ""
    return finding(UNIQUE, not twice, expected="no value twice",
                   measured=(_some(twice) or pluralize(len(keys), "unique key")) + rest,
                   next_step="No backup of this database can be restored: the index is damaged (another version of "
                   "the C library or ICU, a disk, a crash), and has let values in twice. Find the rows without it (SET "
                   "enable_indexscan, enable_indexonlyscan and enable_bitmapscan to off), correct them, REINDEX "
                   "TABLE CONCURRENTLY; then back up again. amcheck (pg_amcheck --heapallindexed) examines others.")


def _not_tried(check: str) -> Finding:
    return finding(check, False, measured="could not be tried", expected="yes", otherwise=Verdict.WARNING,
                   next_step=f"Run the notebook again when the database has less to do. {_DRILL}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (" …" if len(names) > MOST_NAMED else "")


def _sorted(needs: Restorability) -> tuple[Finding, ...]:
    """Named only where it is so: a new image of PostgreSQL with another C library or ICU."""
    if not needs.collation:
        return ()
    return (finding(SORTED, False, measured=needs.collation, expected="the version that they were made with",
                    otherwise=Verdict.WARNING,
                    next_step="A unique index may hold a value twice by now, and no restore could make it: REINDEX "
                    f"DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION, then back up again. {_DRILL}"),)


def _again(needs: Restorability) -> Finding:
    kinds = (("subscriptions", needs.subscriptions), ("replication slots", needs.slots))
    found = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds if names)
    steps = ("After a restore a subscription exists and is disabled: enable it by hand, on one database only.",
             "A replication slot stays with the database that was live: make it anew in the restored one, and have its "
             "consumers take a new snapshot.")
    return finding(AGAIN, not found, measured=found or "yes", expected="no subscription and no replication slot",
                   otherwise=Verdict.WARNING,
                   next_step=" ".join(one for one, (_, names) in zip(steps, kinds, strict=True) if names))


def _name(one: Computed) -> str:
    return f"{one.name} of {one.table}"
