"""The times and levels of lines whose writers have ways of their own, as the search for errors reads them."""

from __future__ import annotations

from datetime import datetime

import pytest

from runbook_lib.platform.facts.line_heads import head_time
from runbook_lib.platform.facts.log_lines import level_of_text, severe_line, time_of
from tests.unit.platform.written_lines import AT, DATED, NOW, REQUESTS, UNDATED, UNREADABLE, WITHOUT_A_YEAR

SEVERE = ("ERROR", "CRITICAL")


@pytest.mark.parametrize("line", [*(line for line, _, _ in DATED), *REQUESTS])
def test_a_line_has_the_time_of_its_writer(line: str) -> None:
    at = time_of(line, NOW)
    assert at is not None
    assert at.replace(microsecond=0) == AT


@pytest.mark.parametrize(("line", "level", "message"), DATED)
def test_a_line_is_severe_where_its_writer_says_so(line: str, level: str, message: str) -> None:
    assert level_of_text(line) == (level if level in SEVERE else "")
    assert (severe_line(line, AT, "a.log") is not None) == (level in SEVERE)


@pytest.mark.parametrize("line", REQUESTS)
def test_a_request_is_never_severe(line: str) -> None:
    assert level_of_text(line) == ""


@pytest.mark.parametrize("line", [*UNDATED, *UNREADABLE, "[01-Jan-0001 00:00:00 CET] x", "[01-Jan-0001 00:00:00 Asia/Tokyo] x"])
def test_what_only_looks_like_a_time_dates_nothing(line: str) -> None:
    assert time_of(line, NOW) is None


@pytest.mark.parametrize(("head", "now", "at"), WITHOUT_A_YEAR)
def test_a_time_without_a_year_is_in_the_last_one_that_is_not_the_future(head: str, now: datetime, at: datetime) -> None:
    assert time_of(f"{head} host prog[1]: x", now) == at


@pytest.mark.parametrize(("line", "level"), [
    ("NOTICE: PHP message: PHP Fatal error:  Uncaught x", "CRITICAL"), ("PHP Parse error:  x", "ERROR"),
    ("[06:10:11 ERR] x", "ERROR"), ("[06:10:11 INF] ERROR in its words", ""), ("I1129 06:10:11.1  1 f.go:12] ERROR", ""),
    ("PHP Warning:  x", ""), ("[pid: 12] ERROR x", "ERROR"), ("<999>x", ""),
])
def test_a_sign_counts_without_a_time(line: str, level: str) -> None:
    assert level_of_text(line) == level


def test_json_behind_such_a_beginning_takes_its_level_from_it() -> None:
    one = severe_line('E1129 06:10:11.1  1 f.go:12] failed {"level": "info"}', AT, "a.log")
    assert one is not None
    assert one.level == "ERROR"
    assert severe_line('I1129 06:10:11.1  1 f.go:12] reply {"level": "error"}', AT, "a.log") is None


def test_a_line_that_begins_as_any_other_is_left_to_others() -> None:
    assert head_time("2026-11-29 06:10:11 ERROR x", NOW) == (False, None)
