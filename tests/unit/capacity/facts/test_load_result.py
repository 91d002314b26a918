"""The figures of a result: rates and percentiles from counts, and nothing where there is nothing."""

from __future__ import annotations

from runbook_lib.capacity.facts.load_result import load_result_of, milliseconds
from tests.unit.capacity.doubles import raw_result


def test_rates_leave_out_what_was_rate_limited() -> None:
    raw = raw_result(errors=17)
    raw["stages"][0]["counts"] = raw["stages"][0]["counts"] | {"limited": 170}
    stage = load_result_of(raw).stages[0]
    assert stage.counts.error_rate_percent == 10.0
    assert stage.requests_per_s == 34.0


def test_nothing_has_no_rate_and_no_percentile() -> None:
    raw = raw_result()
    raw["stages"][0]["counts"] = {"requests": 0, "replies": 0, "errors": 0, "limited": 0, "unsent": 0, "times": {}}
    raw["stages"][0]["seconds"] = 0.0
    stage = load_result_of(raw).stages[0]
    assert (stage.counts.error_rate_percent, stage.counts.percentile_ms(95), stage.requests_per_s) == (None, None, 0.0)
    assert load_result_of(raw).stage_rows("users/s")[0]["p95 (ms)"] == milliseconds(None) == "–"


def test_a_load_that_ended_before_its_first_stage_has_none_to_judge() -> None:
    result = load_result_of(raw_result(loads=()))
    assert (result.judged, result.step_rows()) == (None, ())


def test_the_most_frequent_error_is_named() -> None:
    raw = raw_result(errors=3)
    raw["stages"][0]["reasons"] = {"read: status 500": 1, "log in: no reply in time": 2}
    assert load_result_of(raw).stage_rows("users/s")[0]["most frequent error"] == "log in: no reply in time"
