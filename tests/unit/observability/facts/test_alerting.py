"""Prometheus and Alertmanager are asked at once: where both hang, an operator waits one deadline, and not five."""

from __future__ import annotations

import threading
from typing import Any

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.observability.facts.alerting import survey
from runbook_lib.platform.facts.availability import Unanswered
from tests.unit.data_values import environment_with

LIMIT_S = 10.0


def test_what_hangs_is_waited_for_once() -> None:
    """Each part answers only when all of them have been asked: one after the other, none ever would."""
    together = threading.Barrier(5, timeout=LIMIT_S)

    def hangs() -> Any:
        together.wait()
        raise EndpointUnavailable("no usable reply")

    prometheus = dict.fromkeys(("rules", "alerts", "alertmanager_notification_requests", "time()"), hangs)
    asked = ScriptedConnections(queries=prometheus, alertmanager={"status": hangs})
    seen = survey(environment_with({})).fetch(asked)
    parts = (seen.rules, seen.alerts, seen.delivery, seen.records)
    assert [one.reason for one in parts if isinstance(one, Unanswered)] == ["no usable reply"] * 4
