"""A drill's own alerts have its label; what fired without it is real, unless the drill may have made it as well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib.observability.checks.real_alerts import is_real, real_periods
from runbook_lib.observability.facts.alert_drills import DrillTime
from runbook_lib.observability.facts.metric_history import AlertPeriod

BEGIN = datetime(2026, 11, 27, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


SHORT = DrillTime(BEGIN, after(60), {"ErrorRateHigh": (after(10), after(40))})
LONG = DrillTime(BEGIN, after(240), {"ErrorRateHigh": (after(10), after(130))})


@pytest.mark.parametrize(("alert", "drill", "real"), [
    (AlertPeriod("ErrorRateHigh", after(20), after(50), drill=True), SHORT, False),
    (AlertPeriod("ErrorRateHigh", after(130), after(400)), SHORT, True),
    (AlertPeriod("ErrorRateHigh", after(130), after(200)), LONG, False),
    (AlertPeriod("ErrorRateHigh", after(130), after(900)), LONG, True),
    (AlertPeriod("ErrorRateHigh", after(-50), after(200)), LONG, True),
    (AlertPeriod("ErrorRateHigh", after(40), after(200)), LONG, True),
    (AlertPeriod("CpuUsageHigh", after(130), after(200)), SHORT, False),
], ids=["the drill's own", "longer than it held", "as it may make", "for long after it", "before it", "too soon for it", "of another metric"])
def test_a_real_alert_is_one_that_the_drill_cannot_have_made(alert: AlertPeriod, drill: DrillTime, real: bool) -> None:
    assert bool(real_periods("ErrorRateHigh", 120, [alert], [drill])) is real


def test_its_condition_was_true_before_it_fired() -> None:
    found = real_periods("ErrorRateHigh", 120, [AlertPeriod("ErrorRateHigh", after(300), after(400))], [])
    assert [is_real(after(at), found) for at in (179, 180, 400, 401)] == [False, True, True, False]
    assert is_real(after(430), found, timedelta(seconds=30))
    assert real_periods(None, 120, [AlertPeriod("ErrorRateHigh", after(1), after(2))], []) == ()
