"""The server's record of alert drills: when they were, whatever a damaged line has."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.observability.facts.alert_drills import DrillTime, drill_times, survey_drills
from tests.unit.observability_doubles import staging

END = datetime(2026, 11, 27, 13, 10, tzinfo=UTC)
WHOLE = DrillTime(END.replace(minute=5), END)


def record(**changes: Any) -> str:
    empty: dict[str, Any] = {key: {} for key in ("channels", "provoked", "ended", "not_provoked")}
    whole = {"format": 1, "at": END.isoformat(), "run_id": "r", "outcome": "done", "message": "", "seconds": 300.0, "undone": True,
             "for_s": 5, "samples": [], **empty}
    return json.dumps(whole | changes) + "\n"


@pytest.mark.parametrize("changes", [
    {"seconds": 1e300}, {"seconds": -1}, {"at": "0001-01-01T00:00:00+00:00"}, {"at": "9999-12-31T23:59:59-14:00"}, {"at": "yesterday"}, {"at": 5}])
def test_a_line_whose_time_is_none_is_counted_and_no_drill(changes: dict[str, Any]) -> None:
    """41 and 61 ended with a traceback of OverflowError."""
    connections = ScriptedConnections(commands={"alert-drills.jsonl": record() + record(**changes)})
    assert drill_times(staging()).fetch(connections) == (WHOLE,)
    assert survey_drills(staging()).fetch(connections).unreadable == 1


def test_a_time_without_a_zone_is_in_utc() -> None:
    connections = ScriptedConnections(commands={"alert-drills.jsonl": record(at="2026-11-27T13:10:00")})
    assert drill_times(staging()).fetch(connections) == (WHOLE,)


def test_of_each_alert_that_was_provoked_it_is_known_from_when_to_when() -> None:
    """What the drill cannot have made, 41 has to report: a drill of two alerts holds each for less than itself."""
    line = record(provoked={"ErrorRateHigh": 15.5, "DiskUsageHigh": 20.0}, ended={"ErrorRateHigh": 37.0})
    (time,) = drill_times(staging()).fetch(ScriptedConnections(commands={"alert-drills.jsonl": line}))
    begin = END.replace(minute=5)
    assert time.provoked == {"ErrorRateHigh": (begin + timedelta(seconds=15.5), begin + timedelta(seconds=37)),
                             "DiskUsageHigh": (begin + timedelta(seconds=20), END)}
