"""Which indexes are missing, unused, doubled or broken. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from runbook_lib.capacity.facts.database_usage import DatabaseUsage, ForeignKey, IndexUsage, TableUsage
from runbook_lib.capacity.facts.slow_statements import StatementStatistics
from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.text import pluralize, readable_size
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered

MOST = 5
_NO_MISSING, _NO_UNUSED, _VALID, _ONCE = ("no missing index", "no unused index", "every index is valid",
                                          "no index is there twice")


def indexes_fit(environment: Environment, usage: DatabaseUsage | Unanswered,
                statistics: StatementStatistics | Unanswered) -> tuple[Finding, ...]:
    """No large table is read whole for want of an index, and every index is used, valid, and there once."""
    if isinstance(usage, Unanswered):
        return tuple(usage.finding(name) for name in (_NO_MISSING, _NO_UNUSED, _VALID, _ONCE))
    return (*_missing(environment, usage, statistics), *_unindexed_keys(environment, usage),
            *_unused(environment, usage), *_broken(usage), *_doubled(usage))


def _missing(environment: Environment, usage: DatabaseUsage,
             statistics: StatementStatistics | Unanswered) -> tuple[Finding, ...]:
    limits = environment.tuning.limits
    read_whole = [one for one in usage.tables if one.live_rows >= limits.table_rows
                  and one.whole_reads >= limits.whole_reads
                  and one.rows_read_whole >= one.whole_reads * limits.table_rows / 2]
    read_whole.sort(key=lambda one: -one.rows_read_whole)
    known = not isinstance(statistics, Unanswered) and bool(statistics.statements)
    found = [_missing_of(one, _wanted(one, statistics), known, usage.foreign_keys) for one in read_whole]
    bad = [one for one in found if one.verdict is not Verdict.PASSED]
    if bad:
        return (*bad[:MOST], *_more(bad, _NO_MISSING))
    words = ", ".join(one.name for one in read_whole[:3])
    return (Finding(_NO_MISSING, Verdict.PASSED, f"{words}: read whole, but no statement compares a column of it that "
                    "lacks an index" if words else f"of {pluralize(usage.tables_in_all, 'table')} none is large and "
                                                   "often read whole"),)


def _wanted(table: TableUsage, statistics: StatementStatistics | Unanswered) -> tuple[str, ...]:
    """Columns of a table without an index that a statement about it compares with a value, the dearest statement
    first."""
    if isinstance(statistics, Unanswered):
        return ()
    bare = table.name.rpartition(".")[2].strip('"') if '"' not in table.name else _unquoted(table.name)
    named = re.compile(rf'(?<![\w"])"?{re.escape(bare.replace(chr(34), chr(34) * 2))}"?(?![\w"])', re.IGNORECASE)
    return tuple(dict.fromkeys(column for one in statistics.statements if named.search(one.text)
                               for column in one.compared if column in table.columns_without_index))


def _unquoted(name: str) -> str:
    found = re.search(r'(?:"((?:[^"]|"")*)"|([^".]*))$', name)
    return (found[1] or found[2] or "").replace('""', '"') if found else name


def _missing_of(table: TableUsage, columns: tuple[str, ...], known: bool, keys: Iterable[ForeignKey]) -> Finding:
    measured = (f"{pluralize(table.whole_reads, 'read')} of the whole table, {table.rows_read_whole:,} rows; "
                f"{pluralize(table.index_reads, 'read')} by an index; it has {table.live_rows:,} rows")
    check = f"missing index: {table.name}"
    # reported on a line of its own
    by_key = any(one.table == table.name for one in keys)
    if columns:
        return Finding(check, Verdict.FAILED, measured, "large tables are read by an index",
                       f"CREATE INDEX CONCURRENTLY ON {table.name} ({_identifier(columns[0])}); Statements compare "
                       f"{' and '.join(columns[:3])}. A read touches the rows that it needs instead of all. Try it "
                       "with EXPLAIN first; each index makes writes a little slower.")
    return finding(check, known or by_key, otherwise=Verdict.WARNING, measured=measured,
                   expected="large tables are read by an index",
                   next_step="No statement is known that would show the column: see “statement statistics”, then "
                             "EXPLAIN the statements that read this table, and index what they compare.")


def _identifier(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'


def _unindexed_keys(environment: Environment, usage: DatabaseUsage) -> tuple[Finding, ...]:
    rows = {one.name: one.live_rows for one in usage.tables}
    bad = [Finding(f"foreign key without index: {one.name} of {one.table}", Verdict.WARNING,
                   f"{rows[one.table]:,} rows, key ({', '.join(one.columns)})", "an index that begins with its columns",
                   f"CREATE INDEX CONCURRENTLY ON {one.table} ({', '.join(one.columns)}); Until then each delete or "
                   f"change of a key in {one.points_to} reads the whole table.")
           for one in usage.foreign_keys if rows.get(one.table, 0) >= environment.tuning.limits.table_rows]
    return (*bad[:MOST], *_more(bad, "foreign keys without index"))


def _unused(environment: Environment, usage: DatabaseUsage) -> tuple[Finding, ...]:
    limits, days = environment.tuning.limits, usage.statistics_days
    unused = [one for one in usage.indexes if one.reads == 0 and one.valid and not one.enforces and not one.attached
              and one.pages * usage.block_bytes >= limits.index_mb * 2**20]
    expected = f"each index of {limits.index_mb} MB or more is read"
    if not unused:
        return (Finding(_NO_UNUSED, Verdict.PASSED, f"{pluralize(usage.indexes_in_all, 'index')[:-5]}indexes"
                        if usage.indexes_in_all != 1 else "1 index", expected),)
    names = ", ".join(one.name for one in unused[:MOST])
    if days is None or days < limits.statistics_days:
        since = "since an unknown time" if days is None else f"for {_short(days)} only"
        return (Finding(_NO_UNUSED, Verdict.NOT_APPLICABLE,
                        f"counted {since}, so that it is too early to call unused what was not read yet: {names}",
                        expected, f"Run again when the statistics are {limits.statistics_days} days old."),)
    bad = [Finding(f"unused index: {one.name}", Verdict.WARNING,
                   f"not read once in {days:.0f} days; {readable_size(one.pages * usage.block_bytes)}", expected,
                   f"DROP INDEX CONCURRENTLY {one.name}; Each write to {one.table} keeps it up to date for nothing. "
                   "Keep its definition: SELECT "
                   f"pg_get_indexdef('{one.name.replace(chr(39), chr(39) * 2)}'::regclass). Is there a standby server, "
                   "or a yearly report, that reads it?")
           for one in unused]
    return (*bad[:MOST], *_more(bad, _NO_UNUSED))


def _short(days: float) -> str:
    hours = 24 * days
    return f"{days:.1f} days" if hours >= 48 else f"{hours:.0f} h" if hours >= 2 else f"{60 * hours:.0f} min"


def _broken(usage: DatabaseUsage) -> tuple[Finding, ...]:
    building = [one.name for one in usage.indexes if one.building]
    broken = [one for one in usage.indexes if not one.valid and not one.building]
    if not broken:
        # what is being built with CONCURRENTLY is not valid until it is done: to drop it would undo an operator's work
        return (Finding(_VALID, Verdict.PASSED,
                        f"all but what is being built: {', '.join(building[:MOST])}" if building else "all"),)
    bad = [Finding(f"invalid index: {one.name}", Verdict.FAILED, f"never read, and kept up to date by each write to "
                                                                 f"{one.table}",
                   "every index is valid", f"REINDEX INDEX CONCURRENTLY {one.name}; or, where nothing needs it, DROP "
                                           f"INDEX CONCURRENTLY {one.name}; No backup holds it: after a restore it is "
                                           "gone.") for one in broken]
    return (*bad[:MOST], *_more(bad, _VALID))


def _doubled(usage: DatabaseUsage) -> tuple[Finding, ...]:
    kinds: dict[str, list[IndexUsage]] = {}
    for one in usage.indexes:
        if one.valid and not one.attached:
            kinds.setdefault(one.kind, []).append(one)
    bad = []
    for same in kinds.values():
        # what enforces a rule stays, and of others the one that is read most
        first, *others = sorted(same, key=_worth, reverse=True)
        bad += [Finding(f"doubled index: {one.name}", Verdict.WARNING, f"the same as {first.name}", _ONCE,
                        f"DROP INDEX CONCURRENTLY {one.name}; Reads use the other one, and each write does half the "
                        f"work.")
                for one in others if not one.enforces]
    return (*bad[:MOST], *_more(bad, _ONCE)) if bad else (Finding(_ONCE, Verdict.PASSED, "none"),)


_worth: Callable[[IndexUsage], tuple[bool, int]] = lambda one: (one.enforces, one.reads)  # noqa: E731


def _more(found: list[Finding], name: str) -> tuple[Finding, ...]:
    rest = len(found) - MOST
    return (Finding(name, Verdict.WARNING, f"{rest} more of this kind", "",
                    "Fix the first ones, then run again."),) if rest > 0 else ()
