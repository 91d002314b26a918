"""The charts say in words what they show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from runbook_lib.recovery.charts import recovery_times, sizes_over_time

DAY = datetime(2026, 11, 1, tzinfo=UTC)


def days(*values: float) -> list[tuple[datetime, float]]:
    return [(DAY + timedelta(days=number), value) for number, value in enumerate(values)]


def test_a_drop_of_a_fifth_is_marked_and_counted() -> None:
    figure = sizes_over_time(days(10e6, 11e6, 8e6, 8.1e6))
    assert "4 backups from 01 Nov 2026 to 04 Nov 2026" in str(figure.get_label())
    assert "1 smaller by a fifth or more" in str(figure.get_label())


def test_the_time_to_recover_is_given_as_a_range_and_the_last_one() -> None:
    figure = recovery_times(days(20, 30))
    assert figure is not None
    assert "2 drills" in str(figure.get_label())
    assert "between 20.0 and 30.0 s; the last one took 30.0 s" in str(figure.get_label())


def test_without_points_the_chart_says_so() -> None:
    assert "no backup" in str(sizes_over_time([]).get_label()).lower()


def test_before_the_first_drill_there_is_no_chart_for_the_table_is_empty_as_well() -> None:
    assert recovery_times([]) is None
