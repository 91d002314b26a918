"""What each service answers, asked at once: one that hangs costs its own row."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.observability.facts import service_replies
from runbook_lib.observability.facts.service_replies import Reply, ask_services
from tests.unit.observability_doubles import staging


def test_a_database_that_hangs_costs_its_own_row_and_not_those_of_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """psql has ten seconds more than its query: with a PostgreSQL that hung 40 knew nothing of eleven services."""
    released = threading.Event()

    def hang() -> Any:
        released.wait(600)
        return []

    monkeypatch.setattr(service_replies, "MORE_S", 0.1)
    replies = "postgres\tunknown\t\t172.20.0.5\t\t\nredis\tup\t0.001\t172.20.0.6\t\tanswers PONG\n"
    answers: dict[str, Any] = {"commands": {"bash": replies}, "sql": {"pg_stat_activity": hang}}
    found = {one.service: one for one in ask_services(staging(), limit_s=0.2).fetch(ScriptedConnections(**answers))}
    released.set()
    assert found["redis"].reply is Reply.UP
    assert (found["postgres"].reply, found["postgres"].words) == (Reply.SILENT, "no reply within 0.2 s")
    assert found["postgres"].addresses == ("172.20.0.5",)
