"""What one review keeps is what the next one reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from runbook_lib.capacity.checks.last_review import compared_rows, review_record
from runbook_lib.core.past_runs import PastRun
from tests.unit.capacity_doubles import LOST, MB, NOW, container, review, usage


def past(days: float, text: str) -> PastRun:
    return PastRun("20261117T120000Z-abcdef", NOW - timedelta(days=days), "passed", text)


def test_then_and_now_with_the_rate_and_what_was_expected() -> None:
    record = review_record(review({"server_disk": lambda day: 40 + 0.5 * day}, used=usage(container(memory_bytes=90 * MB))))
    rows = compared_rows(review({"server_disk": lambda day: 45 + 0.5 * day}), past(10, record))
    assert not isinstance(rows, str)
    found = {row["what"]: row for row in rows}
    disk = found["Fullest disk of the server"]
    assert (disk["now"], disk["change"], disk["a day"], disk["expected then"]) == ("75 %", "+5 %", "+0.5 %", "75 %")
    assert (found["Memory of redis"]["change"], found["Memory of redis"]["expected then"]) == ("+10 MB", "–")
    assert found["/backups/postgres"]["change"] == "0 bytes"
    assert "Docker: Images" in found


def test_of_two_reviews_on_a_day_no_rate_is_made() -> None:
    one = review({"server_disk": lambda day: 40.0})
    rows = compared_rows(one, past(0.01, review_record(one)))
    assert {row["a day"] for row in rows if isinstance(row, dict)} == {"–"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 1, "figures": {"x": 7}}', '{"format": 9, "figures": {}}',
                                  '{"format": 1, "figures": {"x": {"use": "much", "unit": "%", "per_day": null}}}'])
def test_a_record_of_another_form_is_not_compared(text: str) -> None:
    assert compared_rows(review({}), past(1, text)) == "There is no earlier review to compare with."


def test_the_first_review_has_none() -> None:
    assert compared_rows(review({}), None) == "There is no earlier review to compare with."


def test_what_was_not_known_is_not_kept() -> None:
    record = review_record(replace(review({}), usage=LOST))
    assert '"figures": {}' in record
