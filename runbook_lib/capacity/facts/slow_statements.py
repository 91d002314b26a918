"""Which statements cost most, from pg_stat_statements: there, in another database, hidden, or not there at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runbook_lib.capacity.facts.statement_text import compared_columns, masked_statement
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import printable
from runbook_lib.core.times import parse_time
from runbook_lib.environment import Environment
from runbook_lib.environment.data_services import Database

TIMEOUT_S = 15.0
MOST = 15
# of a text: a cut one is masked to its end
_CHARACTERS = 20_000
_UTC = """'YYYY-MM-DD"T"HH24:MI:SS"Z"'"""
_EXTENSION = """
SELECT format('%I', n.nspname) AS schema, e.extversion AS version,
       to_regclass(format('%I.pg_stat_statements_info', n.nspname)) IS NOT NULL AS has_info
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
"""
_INFO = f"""
SELECT to_char(stats_reset AT TIME ZONE 'UTC', {_UTC}) AS since, dealloc::bigint AS forgotten,
       extract(epoch FROM now() - stats_reset)::float / 3600 AS hours
  FROM {{schema}}.pg_stat_statements_info
"""
# Our own questions are left out by what each of them begins with.
_STATEMENTS = f"""
SELECT query AS text, calls, total_ms, mean_ms, max_ms, rows, blocks_read, temporary_blocks, share, statements_in_all
  FROM (SELECT left(s.query, {_CHARACTERS}) AS query, s.calls::bigint, s.total_exec_time::float AS total_ms,
               s.mean_exec_time::float AS mean_ms, s.max_exec_time::float AS max_ms, s.rows::bigint,
               s.shared_blks_read::bigint AS blocks_read, s.temp_blks_written::bigint AS temporary_blocks,
               (100 * s.total_exec_time / nullif(sum(s.total_exec_time) OVER (), 0))::float AS share,
               count(*) OVER () AS statements_in_all
          FROM {{schema}}.pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
         WHERE d.datname = '{{database}}' AND s.query NOT LIKE 'SELECT row_to_json(answer) FROM (%') AS s
 ORDER BY total_ms DESC LIMIT {MOST}
"""
HIDDEN = "<insufficient privilege>"
# PostgreSQL's codes: its words are of any language. Source: PostgreSQL manual, appendix A
_NOT_LOADED = re.compile(r"\b55000:")  # object not in prerequisite state
_DENIED = re.compile(r"\b42501:")  # insufficient privilege
_OLD = re.compile(r"\b42703:")  # undefined column


@dataclass(frozen=True)
class Statement:
    """One kind of statement, without its values. Times in milliseconds; `share` of all statements' time, in percent.

    `hidden`: another role's, whose text may not be read. `compared` are names that it compares with a value.
    """

    text: str
    calls: int
    total_ms: float
    mean_ms: float
    max_ms: float
    rows: int
    blocks_read: int
    temporary_blocks: int
    share: float
    hidden: bool = False
    compared: tuple[str, ...] = ()


@dataclass(frozen=True)
class StatementStatistics:
    """`missing` is why there are none, and `next_step` what to do; empty where they could be read.

    `database` is where the extension is. `since`, `hours` and `forgotten` (statements that were dropped for others) are
    None where this version does not keep them.
    """

    database: str
    missing: str = ""
    next_step: str = ""
    statements: tuple[Statement, ...] = ()
    statements_in_all: int = 0
    since: datetime | None = None
    hours: float | None = None
    forgotten: int | None = None


def survey_statements(environment: Environment, *, timeout_s: float = TIMEOUT_S) -> Question[StatementStatistics]:
    """The statements that cost most time, in the environment's own database. Raises FactUnreadable, DockerUnavailable.

    Source: PostgreSQL 15 manual, pg_stat_statements.
    """

    def fetch(connections: Connections) -> StatementStatistics:
        own, other = environment.postgres.name, environment.tuning.postgres.statements_database
        places = [name for name in dict.fromkeys((own, other)) if name is not None]
        for place in places:
            found = _ask(connections, _EXTENSION, timeout_s, place if place != own else None)
            if found:
                other_place = place if place != own else None
                return _statistics(connections, found[0], environment.postgres, other_place, timeout_s)
        where = environment.tuning.postgres.statements_database or own
        return StatementStatistics(
            where, f"the extension pg_stat_statements was not created in {' or '.join(places)}",
            f"As a superuser: CREATE EXTENSION pg_stat_statements, in the database {where}. It needs "
            "shared_preload_libraries = 'pg_stat_statements' and, for that, a restart.")

    return Question("slow statements", fetch)


def _ask(connections: Connections, sql: str, timeout_s: float, database: str | None) -> list[dict[str, Any]]:
    return connections.database.rows(sql, timeout_s=timeout_s, **({"database": database} if database else {}))


def _statistics(connections: Connections, extension: dict[str, Any], database: Database, other: str | None,
                timeout_s: float) -> StatementStatistics:
    own = database.name
    schema, place = str(extension["schema"]), other or own
    if ";" in schema or "\\" in schema:  # what no question of ours may hold
        return StatementStatistics(place, f"the extension lies in the schema {printable(schema)}",
                                   "As a superuser: ALTER EXTENSION pg_stat_statements SET SCHEMA public.")
    try:
        rows = _ask(connections, _STATEMENTS.format(schema=schema, database=own), timeout_s, other)
        info = _ask(connections, _INFO.format(schema=schema), timeout_s, other) if extension["has_info"] else []
    except FactUnreadable as refused:
        reason = _reason(refused.what, database.owner)
        if reason is None:
            raise
        return StatementStatistics(place, *reason)
    try:
        about = info[0] if info else {}
        since = about.get("since")
        return StatementStatistics(
            place, statements=tuple(_statement(one) for one in rows),
            statements_in_all=int(rows[0]["statements_in_all"]) if rows else 0,
            since=parse_time(since) if since else None, hours=about.get("hours"), forgotten=about.get("forgotten"))
    except (KeyError, TypeError, ValueError) as cause:
        raise FactUnreadable("PostgreSQL's reply about its statements lacks something.",
                             next_step="Run the notebook again.") from cause


def _reason(words: str, role: str) -> tuple[str, str] | None:
    """Why there are no statistics and what to do, where that can be seen from PostgreSQL's refusal."""
    if _NOT_LOADED.search(words):
        return ("the extension is there, but its library is not loaded",
                "In postgresql.conf: shared_preload_libraries = 'pg_stat_statements'; then restart PostgreSQL.")
    if _DENIED.search(words):
        return (f"the role {role} may not read pg_stat_statements",
                f"As a superuser, where the extension is: GRANT SELECT ON pg_stat_statements TO {role}; and for the "
                f"texts of other roles: GRANT pg_read_all_stats TO {role};")
    if _OLD.search(words):
        return ("the extension is of an older version than the server",
                "As a superuser, where the extension is: ALTER EXTENSION pg_stat_statements UPDATE.")
    return None


def _statement(row: dict[str, Any]) -> Statement:
    hidden = row["text"] in (HIDDEN, None)
    text = HIDDEN if hidden else masked_statement(str(row["text"]))
    return Statement(text, int(row["calls"]), float(row["total_ms"]), float(row["mean_ms"]), float(row["max_ms"]),
                     int(row["rows"]), int(row["blocks_read"]), int(row["temporary_blocks"]),
                     float(row["share"] or 0.0), hidden, () if hidden else compared_columns(text))
