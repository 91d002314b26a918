"""The end of a reviewed window, as people write it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib.core.errors import BadParameter
from runbook_lib.observability.facts.review_window import check_deadline, parse_until

END = datetime(2026, 11, 27, 14, tzinfo=UTC)


@pytest.mark.parametrize(("text", "fault"), [
    ("2026-11-27T15:00", "in the future"), ("yesterday", "should be a time in UTC such as"), ("2026-02-30", "should be a time"),
    ("9999-12-31T23:59:59+00:00", "in the future"),
])
def test_an_end_that_is_not_a_time_or_in_the_future_is_refused(text: str, fault: str) -> None:
    with pytest.raises(BadParameter, match=fault):
        parse_until(text, END)


def test_an_end_may_be_left_out_or_carry_a_zone() -> None:
    assert parse_until(" ", END) is None
    assert parse_until("2026-11-27T14:30+01:00", END) == END - timedelta(minutes=30)


@pytest.mark.parametrize("text", ["2026-11-27T13:05", "2026-11-27 13:05", "2026-11-27 13:05:00", " 2026-11-27T13:05Z "])
def test_an_end_is_taken_in_each_usual_form(text: str) -> None:
    assert parse_until(text, END) == datetime(2026, 11, 27, 13, 5, tzinfo=UTC)


@pytest.mark.parametrize("deadline_s", [0.5, float("nan"), 3601.0, -1.0])
def test_a_deadline_out_of_its_bounds_is_refused(deadline_s: float) -> None:
    with pytest.raises(BadParameter, match="should be from 1 to 3,600") as refused:
        check_deadline(deadline_s, "a month of data")
    assert (refused.value.where, refused.value.next_step) == (
        "the parameter deadline_s", "Leave it out: the default is good for a month of data.")
