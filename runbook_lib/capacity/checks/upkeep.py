"""Whether vacuum keeps up: dead rows, bloat, statistics, what holds it up, and how far transaction ids are. Pure."""

from __future__ import annotations

from runbook_lib.capacity.facts.database_usage import DatabaseUsage, Holder, IndexUsage, TableUsage
from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.text import pluralize, readable_size
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered

MOST = 5
ANALYZED_FROM = 50  # rows; with fewer autovacuum leaves a table alone, and no plan depends on it
MANY = 1_000  # so many tables are asked for, the largest first
_DEAD, _BLOAT, _INDEX_BLOAT, _ANALYZED, _AUTOMATIC, _FREE, _IDS = _ALL = (
    "dead rows", "bloat", "index bloat", "tables are analyzed", "autovacuum of each table", "nothing holds vacuum up",
    "transaction ids")


def vacuum_keeps_up(environment: Environment, usage: DatabaseUsage | Unanswered) -> tuple[Finding, ...]:
    """Few dead rows, little bloat, every table analyzed and vacuumed automatically, nothing in vacuum's way."""
    if isinstance(usage, Unanswered):
        return tuple(usage.finding(name) for name in _ALL)
    return (*_dead(environment, usage), *_bloat(environment, usage), *_index_bloat(environment, usage),
            *_analyzed(usage), *_automatic(usage), *_free(environment, usage), _ids(environment, usage))


def _dead(environment: Environment, usage: DatabaseUsage) -> tuple[Finding, ...]:
    limits = environment.tuning.limits
    large = [one for one in usage.tables if one.live_rows + one.dead_rows >= limits.table_rows]
    expected = f"less than {limits.dead_percent:g} % of a table with {limits.table_rows:,} rows or more"
    bad = [Finding(f"{_DEAD}: {one.name}", Verdict.WARNING,
                   f"{one.dead_rows:,} dead rows, {_dead_percent(one):.0f} %; vacuumed {_when(one)}", expected,
                   f"VACUUM (ANALYZE) {one.name}; Reads skip them until then, and the table grows. If they come back: "
                   f"ALTER TABLE {one.name} SET (autovacuum_vacuum_scale_factor = 0.02); and see what holds vacuum up.")
           for one in large if _dead_percent(one) >= limits.dead_percent]
    worst = max(map(_dead_percent, large), default=0)
    return _first(bad, Finding(_DEAD, Verdict.PASSED, f"{worst:.0f} % at most", expected))


def _dead_percent(one: TableUsage) -> float:
    return 100 * one.dead_rows / max(1, one.live_rows + one.dead_rows)


def _when(one: TableUsage) -> str:
    return f"{one.vacuumed:%Y-%m-%d %H:%M} UTC" if one.vacuumed else "never since the statistics began"


def _bloat(environment: Environment, usage: DatabaseUsage) -> tuple[Finding, ...]:
    expected = f"less than {environment.tuning.limits.bloat_percent:g} % of a table, or less than " \
               f"{environment.tuning.limits.bloat_mb} MB"
    bad = [Finding(f"{_BLOAT}: {one.name}", Verdict.WARNING, _empty(one, usage, "no row"), expected,
                   f"VACUUM FULL {one.name}; in a maintenance window: it locks the table, and needs its size on the "
                   "disk once more. Whole reads and the memory for it shrink as much. An estimate: run ANALYZE on it "
                   "first.") for one in usage.tables if _is_bloated(environment, usage, one)]
    unknown = [one.name for one in usage.tables if one.expected_pages is None and _is_large(environment, usage, one)]
    if not bad and unknown:
        return (Finding(_BLOAT, Verdict.INCONCLUSIVE, f"not known of {', '.join(unknown[:MOST])}", expected,
                        f"ANALYZE {unknown[0]}; Column statistics are shown to roles that may read the table."),)
    return _first(bad, Finding(_BLOAT, Verdict.PASSED, "no table has much", expected))


def _index_bloat(environment: Environment, usage: DatabaseUsage) -> tuple[Finding, ...]:
    expected = f"less than {environment.tuning.limits.bloat_percent:g} % of an index, or less than " \
               f"{environment.tuning.limits.bloat_mb} MB"
    # a broken one is rebuilt for a better reason, and one that is being built has its final size later
    known = [one for one in usage.indexes if one.valid and not one.building]
    bad = [Finding(f"{_INDEX_BLOAT}: {one.name}", Verdict.WARNING, _empty(one, usage, "no entry"), expected,
                   f"REINDEX INDEX CONCURRENTLY {one.name}; Reads and writes of {one.table} go on meanwhile. It needs "
                   "the size of the new index on the disk. Reads by it, and the memory for it, shrink as much. An "
                   f"estimate: run ANALYZE on {one.table} first.")
           for one in known if _is_bloated(environment, usage, one)]
    # GIN, GiST, BRIN and hash have no fixed number of entries a row
    rest = [one.name for one in known if one.expected_pages is None and _is_large(environment, usage, one)]
    words = "no B-tree index has much" + (f"; not estimated: {', '.join(rest[:MOST])}" if rest else "")
    return _first(bad, Finding(_INDEX_BLOAT, Verdict.PASSED, words, expected))


def _is_large(environment: Environment, usage: DatabaseUsage, one: TableUsage | IndexUsage) -> bool:
    return one.pages * usage.block_bytes >= environment.tuning.limits.bloat_mb * 2**20


def _is_bloated(environment: Environment, usage: DatabaseUsage, one: TableUsage | IndexUsage) -> bool:
    limits, wasted = environment.tuning.limits, _wasted(one)
    return (wasted * usage.block_bytes >= limits.bloat_mb * 2**20
            and 100 * wasted >= limits.bloat_percent * one.pages)


def _wasted(one: TableUsage | IndexUsage) -> int:
    """Pages that the rows or entries would not need; 0 where that is not known."""
    return 0 if one.expected_pages is None else max(0, one.pages - one.expected_pages)


def _empty(one: TableUsage | IndexUsage, usage: DatabaseUsage, what: str) -> str:
    wasted, size = (readable_size(pages * usage.block_bytes) for pages in (_wasted(one), one.pages))
    return f"about {wasted} of {size} hold {what}"


def _analyzed(usage: DatabaseUsage) -> tuple[Finding, ...]:
    never = [one for one in usage.tables if one.estimated_rows is None
             and (one.live_rows >= ANALYZED_FROM or one.pages)]
    if not usage.tables:
        return (Finding(_ANALYZED, Verdict.NOT_APPLICABLE, "this database has no table"),)
    names = ", ".join(one.name for one in never[:MOST])
    of = f" of the {len(usage.tables):,} largest" if usage.tables_in_all > len(usage.tables) >= MANY else ""
    return (finding(_ANALYZED, not never, otherwise=Verdict.WARNING,
                    measured=f"{pluralize(len(never), 'table')}{of} never: {names}" if never else f"all with rows{of}",
                    expected="all with rows", next_step=(
                        f"ANALYZE {never[0].name if never else ''}; or ANALYZE; for all. Without statistics PostgreSQL "
                        "guesses how many rows a condition leaves, and may choose the slower way.")),)


def _automatic(usage: DatabaseUsage) -> tuple[Finding, ...]:
    off = [one for one in usage.tables if one.autovacuum_off]
    bad = [Finding(f"{_AUTOMATIC}: {one.name}", Verdict.WARNING, "off for this table", "on",
                   f"ALTER TABLE {one.name} RESET (autovacuum_enabled); Until then its dead rows stay, and it grows.")
           for one in off]
    return _first(bad, Finding(_AUTOMATIC, Verdict.PASSED, "on"))


def _free(environment: Environment, usage: DatabaseUsage) -> tuple[Finding, ...]:
    limit = environment.tuning.limits.transaction_minutes
    expected = f"no transaction older than {limit} min, no abandoned slot"
    old = [one for one in usage.holders if one.minutes is None or one.minutes >= limit]
    bad = [Finding(f"vacuum is held up by a {one.kind}", Verdict.WARNING, _holder_words(one), expected, _end(one))
           for one in old]
    hidden = f"; {pluralize(usage.hidden_sessions, 'session')} of other roles could not be looked into" if (
        usage.hidden_sessions) else ""
    return _first(bad, Finding(_FREE, Verdict.PASSED, f"nothing{hidden}", expected))


def _holder_words(one: Holder) -> str:
    return one.name if one.minutes is None else f"{one.name}, for {one.minutes:.0f} min"


def _end(one: Holder) -> str:
    after = "Dead rows younger than it cannot be removed anywhere in the database until then."
    if one.kind == "session":
        return f"Find out whose it is; then SELECT pg_terminate_backend(its process); {after}"
    if one.kind == "replication slot":
        return f"Is its standby gone for good? Then SELECT pg_drop_replication_slot('{one.name}'); {after}"
    return f"COMMIT PREPARED or ROLLBACK PREPARED it. {after}"


def _ids(environment: Environment, usage: DatabaseUsage) -> Finding:
    limit = environment.tuning.limits.freeze_percent
    return finding(_IDS, usage.freeze_percent < limit, measured=f"{usage.freeze_percent:.0f} % of "
                                                                f"autovacuum_freeze_max_age",
                   expected=f"less than {limit:g} %",
                   next_step="VACUUM (FREEZE) the oldest tables in a quiet hour: soon autovacuum does it to prevent a "
                             "wraparound, whatever else runs; long after that the database takes no changes.")


def _first(bad: list[Finding], good: Finding) -> tuple[Finding, ...]:
    """The first few, and how many more; or that there is none."""
    if not bad:
        return (good,)
    rest = len(bad) - MOST
    more = (Finding(good.check, Verdict.WARNING, f"{rest} more of this kind", good.expected,
                    "Fix the first ones, then run again."),) if rest > 0 else ()
    return (*bad[:MOST], *more)
