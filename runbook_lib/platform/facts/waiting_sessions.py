"""Which sessions of the database wait for a lock, and which session holds it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question

# Those that wait, and those that they wait for. By pg_locks: of another role's session pg_stat_activity may hide it.
# What is waited for: the table itself, or that of the row. An advisory lock may be waited for all day, on purpose.
# `waitstart` is there since 14, and through to_jsonb on every version.
_SESSIONS = """
SELECT a.pid, coalesce(a.usename::text, '') AS "user", coalesce(a.application_name, '') AS application,
       coalesce(host(a.client_addr), '') AS client, coalesce(a.state, '') AS state,
       coalesce(to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'unknown') AS since,
       coalesce(extract(epoch FROM clock_timestamp() - coalesce(w.since, a.query_start)), 0) AS waits_s,
       CASE WHEN w.pid IS NULL THEN '[]' ELSE to_json(pg_blocking_pids(a.pid)) END AS blockers,
       coalesce((SELECT l.relation::regclass::text FROM pg_locks l
                  WHERE l.pid = a.pid AND l.relation IS NOT NULL AND (NOT l.granted OR l.locktype = 'tuple')
                    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  ORDER BY l.granted LIMIT 1), '') AS "table"
  FROM pg_stat_activity a LEFT JOIN (
       SELECT pid, min((to_jsonb(l) ->> 'waitstart')::timestamptz) AS since FROM pg_locks l
        WHERE NOT granted AND locktype <> 'advisory' GROUP BY pid) w ON w.pid = a.pid
 WHERE w.pid IS NOT NULL
    OR a.pid IN (SELECT unnest(pg_blocking_pids(l.pid)) FROM pg_locks l WHERE NOT granted AND locktype <> 'advisory')
"""
# what a prepared transaction has: it belongs to no session, and PostgreSQL calls its process 0
_PREPARED = {"pid": 0, "user": "", "application": "a prepared transaction", "client": "", "state": "",
             "since": "unknown", "waits_s": 0, "blockers": [], "table": ""}


@dataclass(frozen=True)
class LockHolder:
    """A session that others wait for and that waits for none itself; `since` is UTC, as text, its transaction's begin.

    `waiting` sessions wait for it or for one of those; the longest of them since `longest_s`. `table` is "" where it
    is not known.
    """

    pid: int
    user: str
    application: str
    client: str
    state: str
    since: str
    table: str
    waiting: int
    longest_s: float


def waiting_sessions(*, timeout_s: float = 5.0) -> Question[tuple[LockHolder, ...]]:
    """Each session that holds a lock for which others wait; none where none waits. Raises FactUnreadable.

    Source: PostgreSQL's pg_stat_activity, pg_locks and pg_blocking_pids.
    """
    return Question("sessions that wait for a lock",
                    lambda connections: parse_sessions(_asked(connections, timeout_s)))


def _asked(connections: Connections, timeout_s: float) -> list[dict[str, Any]]:
    return connections.database.rows(_SESSIONS, timeout_s=timeout_s)


def parse_sessions(rows: list[dict[str, Any]]) -> tuple[LockHolder, ...]:
    """The holders at the beginning of each chain, those with the most waiters first. Raises FactUnreadable."""
    try:
        known = {int(row["pid"]): row for row in rows}
        if any(0 in row["blockers"] for row in rows):
            known[0] = _PREPARED
        blockers = {pid: {int(one) for one in row["blockers"]} for pid, row in known.items()}
        found = [_holder(row, [known[one] for one in _behind(pid, blockers)])
                 for pid, row in known.items() if not blockers[pid]]
    except (KeyError, TypeError, ValueError) as cause:
        raise FactUnreadable("PostgreSQL's list of its sessions lacks something.",
                             next_step="Run the notebook again.") from cause
    return tuple(sorted((one for one in found if one.waiting), key=lambda one: (-one.waiting, one.pid)))


def _behind(pid: int, blockers: dict[int, set[int]]) -> set[int]:
    """Those that wait for this session, directly or for one that does."""
    found: set[int] = set()
    while more := {one for one, others in blockers.items() if others & (found | {pid})} - found:
        found |= more
    return found


def _holder(row: dict[str, Any], waiting: Iterable[dict[str, Any]]) -> LockHolder:
    others = list(waiting)
    table = next((one["table"] for one in sorted(others, key=lambda one: -float(one["waits_s"])) if one["table"]), "")
    return LockHolder(int(row["pid"]), row["user"], row["application"], row["client"], row["state"], row["since"],
                      table, len(others), max((float(one["waits_s"]) for one in others), default=0.0))
