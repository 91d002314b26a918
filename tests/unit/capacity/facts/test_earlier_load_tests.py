"""Earlier tests: read back from what runs kept; only the same load of the same flow is compared."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from runbook_lib.capacity.facts.earlier_load_tests import comparable, earlier_load_tests, trend
from tests.unit.capacity.doubles import SLOW, planned, sent

FIRST, SECOND = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)


def test_the_newest_comes_first_and_is_compared() -> None:
    found = earlier_load_tests([(FIRST, "a", sent(time=SLOW).evidence()), (SECOND, "b", sent().evidence())])
    assert [one.run_id for one in found] == ["b", "a"]
    last = comparable(planned(), found)
    assert last is not None
    assert last.run_id == "b"
    assert found[0].row["load"] == "2"


@pytest.mark.parametrize("given", [{"load": 3.0}, {"stage_s": 20.0}, {"model": "closed"}])
def test_another_load_length_or_model_is_none(given: dict[str, float]) -> None:
    found = earlier_load_tests([(FIRST, "a", sent().evidence())])
    assert comparable(planned(**{"model": "open"} | given), found) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", json.dumps({"format": 2}), planned().evidence(),
                                  sent().evidence().replace('"ended"', '"end"'), "\x00" * 100])
def test_what_sent_nothing_or_is_damaged_is_left_out(text: str) -> None:
    assert earlier_load_tests([(FIRST, "a", text)]) == ()


def test_the_trend_ends_with_this_test() -> None:
    found = earlier_load_tests([(FIRST, "a", sent(time=SLOW).evidence())])
    points = trend(sent(), found)
    assert [round(value, -2) for _, value in points] == [800, 200]
    assert points[0][0] == FIRST
    assert trend(planned(), ()) == ()
