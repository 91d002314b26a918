"""Who holds a lock that others wait for: the beginning of each chain, and how many stand behind it."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.connections.postgres import require_one_select
from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.platform.facts import waiting_sessions as module
from runbook_lib.platform.facts.waiting_sessions import parse_sessions, waiting_sessions


def session(pid: int, *blockers: int, waits_s: float = 0.0, table: str = "") -> dict[str, Any]:
    return {"pid": pid, "user": "app", "application": "psql", "client": "", "state": "active",
            "since": "2026-11-28T11:00:00Z", "waits_s": waits_s, "blockers": list(blockers), "table": table}


def test_the_statement_is_one_that_the_connection_takes() -> None:
    require_one_select(module._SESSIONS)


def test_all_of_a_queue_stand_behind_the_one_that_holds_the_lock() -> None:
    [holder] = parse_sessions([session(1), session(2, 1, waits_s=40, table="tickets"), session(3, 1, 2, waits_s=9, table="tickets"),
                               session(4, 3, waits_s=2)])
    assert (holder.pid, holder.waiting, holder.longest_s, holder.table) == (1, 3, 40, "tickets")


def test_of_two_holders_the_one_with_more_waiters_is_first() -> None:
    found = parse_sessions([session(1), session(2), session(3, 1), session(4, 2), session(5, 2)])
    assert [(one.pid, one.waiting) for one in found] == [(2, 2), (1, 1)]


def test_a_prepared_transaction_is_a_holder_without_a_session() -> None:
    [holder] = parse_sessions([session(7, 0, waits_s=5)])
    assert (holder.pid, holder.application, holder.waiting) == (0, "a prepared transaction", 1)


def test_a_holder_that_has_ended_meanwhile_is_no_finding() -> None:
    assert parse_sessions([session(7, 6)]) == ()


def test_where_none_waits_there_is_none() -> None:
    connections = ScriptedConnections(sql={"pg_blocking_pids": []})
    assert waiting_sessions().fetch(connections) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize("rows", [[{"pid": 1}], [{**session(1), "blockers": None}], [{**session(1), "pid": "x"}]])
def test_a_reply_that_lacks_something_is_unreadable(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(FactUnreadable):
        parse_sessions(rows)
