"""Trends as signs, and requests next to what the application logged."""

from __future__ import annotations

import polars as pl

from runbook_lib.observability.facts.log_totals import single_requests, trend
from tests.unit.observability.log_doubles import at


def test_a_trend_shows_when_as_the_highest_sign_and_nothing_as_a_blank() -> None:
    assert trend({}) == "·" * 15
    assert trend({0: 1}) == "█" + "·" * 14
    assert trend({0: 1, 59: 8}) == "▁" + "·" * 13 + "█"
    assert trend(dict.fromkeys(range(60), 5)) == "█" * 15


def test_of_several_lines_of_a_request_the_one_with_its_time_is_shown() -> None:
    rows = pl.DataFrame({"at": [at(1).replace(tzinfo=None)] * 2, "route": ["/a", "/b"], "status": [200, 500], "seconds": [1.0, None],
                         "request_id": ["one", ""]}, schema_overrides={"seconds": pl.Float64})
    lines: list[dict[str, object]] = [{"request_id": "one", "level": "WARNING", "message": "first", "seconds": None},
             {"request_id": "one", "level": "INFO", "message": "timed", "seconds": 0.9},
             {"request_id": "", "level": "INFO", "message": "of no request", "seconds": 0.1}]
    first, second = single_requests(rows, lines)
    assert (first.application_seconds, first.application) == (0.9, "INFO timed")
    assert (second.seconds, second.application) == (None, "")
    assert single_requests(None, lines) == ()
