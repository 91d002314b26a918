"""How tables and indexes are used, what vacuum has left, and how often memory had what was read: from the statistics.

Only catalogs are read and no table is opened: what another session has locked holds nothing up, and 2,000 tables take
no longer than 20. Sizes are those of the last VACUUM or ANALYZE for the same reason.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import printable
from runbook_lib.core.times import parse_time
from runbook_lib.environment import Environment

TIMEOUT_S = 15.0
# all of it is kept in the run's journal
MOST_TABLES, MOST_INDEXES = 1_000, 2_000
# pg_stat_wal knows when the statistics began, also where those of the database were never reset: at the first start, or
# at the last crash, which discards all of them.
_OVERVIEW = """
SELECT extract(epoch FROM now() - coalesce(d.stats_reset, (SELECT stats_reset FROM pg_stat_wal)))::float / 86400
           AS statistics_days,
       d.blks_hit::bigint AS buffer_hits, d.blks_read::bigint AS buffer_reads, d.temp_bytes::bigint AS temporary_bytes,
       current_setting('block_size')::int AS block_bytes,
       100 * age(b.datfrozenxid)::float / current_setting('autovacuum_freeze_max_age')::float AS freeze_percent,
       (SELECT count(*) FROM pg_stat_user_tables) AS tables_in_all,
       (SELECT count(*) FROM pg_stat_user_indexes) AS indexes_in_all,
       (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type IS NULL)
           AS hidden_sessions
  FROM pg_stat_database d JOIN pg_database b ON b.oid = d.datid
 WHERE d.datname = current_database()
"""
_UTC = """'YYYY-MM-DD"T"HH24:MI:SS"Z"'"""  # whatever DateStyle the role has
# Expected pages: a row takes its columns as ANALYZE measured them, aligned to 8, 24 bytes of header and 4 of pointer.
_TABLES = f"""
SELECT format('%I.%I', n.nspname, c.relname) AS name,
       CASE WHEN c.reltuples < 0 THEN NULL ELSE c.reltuples::bigint END AS estimated_rows,
       c.relpages::bigint AS pages, coalesce(s.n_live_tup, 0) AS live_rows, coalesce(s.n_dead_tup, 0) AS dead_rows,
       coalesce(s.seq_scan, 0) AS whole_reads, coalesce(s.seq_tup_read, 0) AS rows_read_whole,
       coalesce(s.idx_scan, 0) AS index_reads,
       to_char(greatest(s.last_vacuum, s.last_autovacuum) AT TIME ZONE 'UTC', {_UTC}) AS vacuumed,
       to_char(greatest(s.last_analyze, s.last_autoanalyze) AT TIME ZONE 'UTC', {_UTC}) AS analyzed,
       coalesce('autovacuum_enabled=false' = ANY (c.reloptions) OR 'autovacuum_enabled=off' = ANY (c.reloptions), false)
           AS autovacuum_off,
       CASE WHEN w.columns = c.relnatts - (SELECT count(*) FROM pg_attribute a
                                            WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attisdropped)
                 AND c.reltuples > 0
            THEN ceil(c.reltuples * (28 + 8 * ceil(w.bytes / 8)) / (current_setting('block_size')::float - 24)
                 * 100 / coalesce((SELECT substr(o, 12)::float FROM unnest(c.reloptions) o WHERE o LIKE 'fillfactor=%'),
                                  100))::bigint END AS expected_pages,
       (SELECT coalesce(json_agg(a.attname ORDER BY a.attnum), '[]') FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND s.seq_tup_read > 0
           AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum AND i.indisvalid)
       ) AS columns_without_index
  FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN (SELECT schemaname, tablename, count(*) AS columns, sum((1 - null_frac) * avg_width) AS bytes
                    FROM pg_stats WHERE NOT inherited GROUP BY 1, 2) w
              ON (w.schemaname, w.tablename) = (n.nspname, c.relname)
 WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
 ORDER BY greatest(s.n_live_tup, s.n_dead_tup, c.relpages) DESC, 1 LIMIT {MOST_TABLES}
"""
# `kind`: indexes of one table with the same are the same index twice. Expected pages of a B-tree: an entry takes its
# columns as ANALYZE measured them, aligned to 8, 8 bytes of header and 4 of pointer, in leaves that are filled to 90 %;
# a hundredth more for the levels above, and one page of its own. Of other kinds there is not one entry a row.
_INDEXES = f"""
WITH widths AS MATERIALIZED (
    SELECT schemaname, tablename, attname, (1 - null_frac) * avg_width AS bytes FROM pg_stats WHERE NOT inherited),
entries AS (
    SELECT i.indexrelid, sum(coalesce(w.bytes, e.bytes)) AS bytes
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
           JOIN pg_namespace n ON n.oid = t.relnamespace JOIN pg_attribute k ON k.attrelid = i.indexrelid
           LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND a.attnum = i.indkey[k.attnum - 1]
           LEFT JOIN widths w ON (w.schemaname, w.tablename, w.attname) = (n.nspname, t.relname, a.attname)
           -- of an expression ANALYZE keeps the width under the index's own name
           LEFT JOIN widths e ON (e.schemaname, e.tablename, e.attname) = (n.nspname, c.relname, k.attname)
     GROUP BY i.indexrelid HAVING count(coalesce(w.bytes, e.bytes)) = count(*))
SELECT format('%I.%I', n.nspname, c.relname) AS name, format('%I.%I', n.nspname, t.relname) AS "table",
       c.relpages::bigint AS pages, coalesce(s.idx_scan, 0) AS reads, i.indisvalid AS valid,
       EXISTS (SELECT FROM pg_stat_progress_create_index b WHERE b.index_relid = i.indexrelid) AS building,
       i.indisunique OR i.indisexclusion OR i.indisreplident
           OR EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) AS enforces,
       EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid) AS attached,
       md5(concat_ws('|', t.oid, c.relam, i.indkey, i.indclass, i.indcollation, i.indoption, i.indexprs::text,
                     i.indpred::text)) AS kind,
       CASE WHEN m.amname = 'btree' AND c.reltuples >= 0
            THEN 1 + ceil(1.01 * c.reltuples * (12 + 8 * ceil(v.bytes / 8))
                 / (current_setting('block_size')::float - 40) * 100
                 / coalesce((SELECT substr(o, 12)::float FROM unnest(c.reloptions) o WHERE o LIKE 'fillfactor=%'), 90)
                 )::bigint END AS expected_pages
  FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid JOIN pg_class c ON c.oid = i.indexrelid
       JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_am m ON m.oid = c.relam LEFT JOIN entries v ON v.indexrelid = i.indexrelid
 WHERE t.relpersistence <> 't'
 ORDER BY c.relpages DESC, 1 LIMIT {MOST_INDEXES}
"""
_FOREIGN_KEYS = """
SELECT format('%I.%I', n.nspname, t.relname) AS "table", k.conname AS name, k.confrelid::regclass::text AS points_to,
       (SELECT json_agg(quote_ident(a.attname) ORDER BY place)
          FROM unnest(k.conkey) WITH ORDINALITY AS u (number, place)
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number) AS columns
  FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
 WHERE k.contype = 'f' AND k.conparentid = 0 AND t.relkind = 'r'
   AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
                      AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
 ORDER BY t.reltuples DESC, 1, 2 LIMIT 500
"""
# What keeps dead rows from being removed, the oldest first. Of other roles' sessions PostgreSQL hides these.
_HOLDERS = """
SELECT kind, name, minutes FROM (
    SELECT 'session' AS kind, format('process %s of %s, %s', pid, usename, state) AS name,
           extract(epoch FROM now() - xact_start)::float / 60 AS minutes
      FROM pg_stat_activity
     WHERE backend_xmin IS NOT NULL AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
       AND backend_type <> 'autovacuum worker'
    UNION ALL SELECT 'prepared transaction', gid, extract(epoch FROM now() - prepared)::float / 60
      FROM pg_prepared_xacts
    UNION ALL SELECT 'replication slot', slot_name::text, NULL FROM pg_replication_slots
     WHERE NOT active AND (xmin IS NOT NULL OR catalog_xmin IS NOT NULL)) AS holders
 ORDER BY minutes DESC NULLS FIRST LIMIT 20
"""
Row = TypeVar("Row")


@dataclass(frozen=True)
class TableUsage:
    """One table. `whole_reads` read all of it, `rows_read_whole` is how many rows these saw in all.

    `pages` and `estimated_rows` are of the last VACUUM or ANALYZE, None before the first; `expected_pages` is what the
    rows would take without bloat, None where ANALYZE has not measured them, or its measures may not be read.
    """

    name: str
    pages: int
    live_rows: int
    dead_rows: int
    whole_reads: int
    rows_read_whole: int
    index_reads: int
    autovacuum_off: bool
    estimated_rows: int | None = None
    expected_pages: int | None = None
    vacuumed: datetime | None = None
    analyzed: datetime | None = None
    columns_without_index: tuple[str, ...] = ()


@dataclass(frozen=True)
class IndexUsage:
    """One index.

    `enforces`: dropping it would drop a rule. `attached`: it belongs to that of a partitioned table. `building`: it is
    being built, and therefore not valid yet. `expected_pages` is what its entries would take without bloat, at most:
    PostgreSQL keeps equal keys once. None where that is not known.
    """

    name: str
    table: str
    pages: int
    reads: int
    valid: bool
    building: bool
    enforces: bool
    attached: bool
    kind: str
    expected_pages: int | None = None


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key whose columns no index begins with; names as SQL needs them."""

    table: str
    name: str
    points_to: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Holder:
    """What holds vacuum up: a session, a prepared transaction, or a replication slot. `minutes` None: not known."""

    kind: str
    name: str
    minutes: float | None


@dataclass(frozen=True)
class DatabaseUsage:
    """`statistics_days`: so long they have been counted, None where that is not known. The largest tables and indexes,
    of `tables_in_all` and `indexes_in_all`. `hidden_sessions`: of other roles, which show nothing of themselves."""

    statistics_days: float | None
    buffer_hits: int
    buffer_reads: int
    temporary_bytes: int
    block_bytes: int
    freeze_percent: float
    tables_in_all: int
    indexes_in_all: int
    hidden_sessions: int
    tables: tuple[TableUsage, ...] = ()
    indexes: tuple[IndexUsage, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    holders: tuple[Holder, ...] = ()


def survey_usage(environment: Environment, *, timeout_s: float = TIMEOUT_S) -> Question[DatabaseUsage]:
    """Tables, indexes, foreign keys and what holds vacuum up. Raises FactUnreadable.

    Source: PostgreSQL 15 manual, The Cumulative Statistics System; pg_class, pg_index, pg_stats.
    """

    def fetch(connections: Connections) -> DatabaseUsage:
        def asked(sql: str) -> list[dict[str, Any]]:
            return connections.database.rows(sql, timeout_s=timeout_s)

        try:
            [overview] = asked(_OVERVIEW)
            return DatabaseUsage(
                **overview,
                tables=tuple(_made(TableUsage, one) for one in asked(_TABLES)),
                indexes=tuple(_made(IndexUsage, one) for one in asked(_INDEXES)),
                foreign_keys=tuple(_made(ForeignKey, one) for one in asked(_FOREIGN_KEYS)),
                holders=tuple(_made(Holder, one) for one in asked(_HOLDERS)))
        except (KeyError, TypeError, ValueError) as cause:
            raise FactUnreadable("PostgreSQL's reply about its tables lacks something.",
                                 next_step="Run the notebook again.") from cause

    return Question("database usage", fetch)


def _made(kind: type[Row], row: dict[str, Any]) -> Row:
    return kind(**{one.name: _value(one.name, row[one.name]) for one in fields(kind)})  # type: ignore[arg-type]


def _value(name: str, value: Any) -> Any:
    if isinstance(value, str):
        # names of tables may hold anything, and are shown
        return parse_time(value) if name in ("vacuumed", "analyzed") else printable(value)
    return tuple(printable(one) for one in value) if isinstance(value, list) else value
