"""What fired for real while an alert drill was in progress: a drill explains no fault that it did not make. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from runbook_lib.observability.facts.alert_drills import DrillTime
from runbook_lib.observability.facts.metric_history import AlertPeriod

RATE_WINDOW = timedelta(minutes=1)  # a rate stays high for so long after what made it


def real_periods(alert: str | None, for_s: int, alerts: Sequence[AlertPeriod],
                 drills: Sequence[DrillTime]) -> tuple[AlertPeriod, ...]:
    """When the condition of `alert`, which fires after `for_s` seconds, was true and no drill had made it.

    Alerts of a drill have its label, real ones have not. A real one that the drill may have made as well, by holding
    its condition for as long as the rule waits, is left out.
    """
    waits = timedelta(seconds=for_s)
    return tuple(replace(one, begin=one.begin - waits) for one in alerts if one.name == alert and not one.drill
                 and not any(_may_have_made(drill, one, waits) for drill in drills))


def is_real(at: datetime, periods: Sequence[AlertPeriod], margin: timedelta = timedelta()) -> bool:
    """Whether a real alert accounts for what was measured then."""
    return any(one.begin - margin <= at <= one.end + margin for one in periods)


def _may_have_made(drill: DrillTime, alert: AlertPeriod, waits: timedelta) -> bool:
    if alert.name not in drill.provoked:
        return False
    begin, end = drill.provoked[alert.name]
    # the rule waits for the drill, too: what fires sooner was true before it
    soonest = begin + max(waits - RATE_WINDOW, timedelta())
    return end - begin + RATE_WINDOW >= waits and soonest <= alert.begin and alert.end <= end + RATE_WINDOW + waits
