"""Every resource as a panel with its limit and outlook, and the same in words for who cannot see it."""

from __future__ import annotations

from runbook_lib.capacity.charts import growth_and_limits
from runbook_lib.platform.charts import to_svg
from tests.unit.capacity_doubles import MB, review


def test_each_known_resource_is_a_panel_with_date_and_limit() -> None:
    made = growth_and_limits(review({"server_disk": lambda day: 40 + 0.6 * day, "redis_memory": lambda day: 100 * MB,
                                     "database_size": lambda day: (300 + day) * MB}))
    assert len(made.axes) == 3
    words = str(made.get_label())
    assert words.startswith("Fullest disk of the server: now 76 %; limit in 15 days (15 to 15): 2026-12-12. Database: now 360 MB; +30 MB")
    assert "Memory of Redis: now 100 MB; no trend" in words
    svg = to_svg(made)
    assert svg.startswith("<?xml") or "<svg" in svg


def test_a_limit_far_above_does_not_flatten_the_picture() -> None:
    made = growth_and_limits(review({"database_connections": lambda day: 3.0}))
    assert made.axes[0].get_ylim()[1] < 10
    assert "far above" in " ".join(text.get_text() for text in made.axes[0].texts)


def test_without_a_whole_day_there_is_a_sentence_and_no_empty_axes() -> None:
    made = growth_and_limits(review({"server_disk": lambda day: 40.0 if day > 59.9 else None}))
    assert str(made.get_label()) == "No resource has a whole day of history."


def test_a_history_of_one_day_and_one_that_is_reached_can_be_drawn() -> None:
    to_svg(growth_and_limits(review({"server_disk": lambda day: 40.0}, days=1)))
    made = growth_and_limits(review({"server_disk": lambda day: 80 + 0.2 * day, "redis_evictions": lambda day: 0.0}))
    assert "limit reached" in str(made.get_label())
    to_svg(made)
