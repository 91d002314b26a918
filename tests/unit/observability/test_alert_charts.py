"""The chart of a drill: every condition has its row, also one that was not provoked or did not arrive."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from runbook_lib.observability.alert_charts import notification_times
from runbook_lib.observability.facts.alert_drills import AlertDrillRecord, AlertDrills
from runbook_lib.observability.facts.alert_timeline import AlertPath

AT = datetime(2026, 11, 27, 16, 58, tzinfo=UTC)
ARRIVED = AlertPath("ErrorRateHigh", 13, 31, 20, 26, 26, over=35, sent={"email": 27.0, "slack": 28.0}, end_sent={"email": 36.0})
LOST = AlertPath("ServiceUnhealthy", 2, None, 12, 17, 17, sent={"email": None})


def drills(*paths: AlertPath, **not_provoked: str) -> AlertDrills:
    return AlertDrills((AlertDrillRecord(AT, "r1", "done", "", 52.0, True, 5.0, paths, not_provoked),))


def test_each_condition_has_a_row_and_the_chart_says_it_in_words() -> None:
    figure = notification_times(drills(ARRIVED, LOST, MemoryUsageHigh="It would take 9 GB"))
    axes = figure.axes[0]
    assert [one.get_text() for one in axes.get_yticklabels()] == ["MemoryUsageHigh", "ServiceUnhealthy", "ErrorRateHigh"]
    words = [one.get_text() for one in axes.texts]
    assert {"14 s", "no channel took it", "not provoked"} <= set(words)
    assert "ErrorRateHigh: fires 13 s, in Alertmanager 13 s, sent email 14 s, slack 15 s" in str(figure.get_label())
    assert "MemoryUsageHigh: not provoked" in str(figure.get_label())


def test_no_drill_is_an_answer_and_not_an_empty_chart() -> None:
    assert notification_times(AlertDrills()).get_label() == "No drill took place."


def test_the_time_of_an_alert_that_is_quick_lies_on_no_bar() -> None:
    """Seen in a report: of "6 s" nothing could be read, and of "12 s" the number alone."""
    quick = AlertPath("CpuUsageHigh", 13, 18, 14, 15, 15, over=35, sent={"email": 16.0}, end_sent={"email": 36.0})
    axes: Any = notification_times(drills(quick)).axes[0]
    (label,) = (one for one in axes.texts if one.get_text() == "3 s")
    assert all(label.xy[1] >= bar.get_y() + bar.get_height() for bar in axes.patches)
    assert label.get_verticalalignment() == "bottom"


def test_a_drill_is_answered_in_a_sentence() -> None:
    assert drills(ARRIVED).answer == (
        "1 of 1 condition reached the team, with the end of each: through email, slack, 15 s after the condition was true.")
    assert drills(ARRIVED, LOST, MemoryUsageHigh="It would take 9 GB").answer.endswith("Not: ServiceUnhealthy, MemoryUsageHigh.")
    assert drills(LOST).answer == "0 of 1 condition reached the team, with the end of each. Not: ServiceUnhealthy."
    assert AlertDrills().answer == "No drill took place."
