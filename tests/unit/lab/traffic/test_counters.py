"""The load's result: what counts as failed, when a second is settled, and that an overloaded generator reports it."""

from __future__ import annotations

from pathlib import Path

from lab.traffic.counters import Counters, LoadResult

RATE = 4


def counters_of(*failed_by_second: int, slip_s: float = 0.0) -> Counters:
    """`RATE` requests in each second, as many of them failed as given."""
    counters = Counters(began_at=1000.0, wanted_rate=RATE)
    for second, failed in enumerate(failed_by_second):
        for number in range(RATE):
            due_s = second + number / RATE
            counters.begin(due_s, slip_s, post=number % 2 == 0)
            method = "POST /builds" if number % 2 == 0 else "GET /"
            counters.end(due_s, 0.01, method, "connection reset" if number < failed else "", writes=number % 2 == 0)
    return counters


def test_a_failure_counts_in_the_second_in_which_the_request_was_due() -> None:
    counters = counters_of(0, 0)
    counters.begin(1.9, 0.0, post=True)
    counters.end(1.9, 4.2, "POST /builds", "no reply within 5 s")  # it ended in the sixth second
    result = counters.result()
    assert result.failed_by_second == (0, 1)
    assert (result.failed, result.failed_posts, result.outage_s) == (1, 1, 1)
    assert result.reasons == {"no reply within 5 s": 1}


def test_outage_is_every_second_with_a_failure() -> None:
    assert counters_of(0, 2, 0, 1, 4).result().outage_s == 3


def test_a_second_is_settled_when_its_last_request_has_ended() -> None:
    counters = counters_of(0, 0, 0)
    counters.begin(1.5, 0.0, post=False)
    assert counters.settled(3.5) == 1
    counters.end(1.5, 0.1, "GET /")
    assert counters.settled(3.5) == 3
    assert counters.settled(2.5) == 2, "the third second is not over yet"


def test_the_first_clean_period_begins_after_the_fault() -> None:
    result = counters_of(0, 0, 0, 1, 0, 1, 0, 0, 0).result()
    assert result.clean_from(1000.0, 3) == 1000.0
    assert result.clean_from(1002.5, 3) == 1006.0
    assert result.clean_from(1002.5, 1) == 1004.0


def test_seconds_that_were_not_measured_are_not_clean() -> None:
    assert counters_of(1, 0, 0).result().clean_from(1000.0, 3) is None


def test_a_generator_that_sent_too_little_or_too_late_did_not_keep_up() -> None:
    assert counters_of(0, 0, 0).result().kept_up
    late = counters_of(0, 0, 0, slip_s=0.9).result()
    assert not late.kept_up
    assert "did NOT keep" in str(late)
    few = counters_of(0, 0, 0)
    few.wanted_rate = 2 * RATE
    assert not few.result().kept_up
    assert not Counters(0.0, RATE).result().kept_up, "without requests the rate was not kept"


def test_an_acknowledged_write_that_is_not_in_the_database_is_reported() -> None:
    counters = counters_of(0, 0)
    assert counters.result(rows_found=4).writes_lost == 0
    assert counters.result(rows_found=3).writes_lost == 1
    assert "1 acknowledged writes are NOT in the database" in str(counters.result(rows_found=3))
    assert counters.result(rows_found=None).writes_lost is None


def test_a_part_of_the_load_is_counted_separately() -> None:
    result = counters_of(1, 0, 2, 0).result()
    assert result.between(1001.0, 1003.0) == (2 * RATE, 2, 1)


def test_a_result_is_read_back_from_its_file(tmp_path: Path) -> None:
    result = counters_of(0, 3, 0).result(rows_found=6)
    result.write(tmp_path / "result.json")
    assert LoadResult.read(tmp_path / "result.json") == result
