"""Lines of text whose time is not ISO 8601, each as its writer makes it; and what only looks like one."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from runbook_lib.environment.logs import LogFile
from runbook_lib.observability.facts.log_heads import message_columns
from runbook_lib.observability.facts.log_reading import NO_TIME
from tests.unit.observability.log_doubles import read
from tests.unit.platform.written_lines import AT, DATED, NOW, REQUESTS, UNDATED, UNREADABLE, WITHOUT_A_YEAR


def one(line: str, now: datetime = NOW) -> tuple[str, str, str]:
    [row] = message_columns(pl.DataFrame({"line": [line]}), now).rows(named=True)
    return str(row["at"]), row["level"], row["message"]


@pytest.mark.parametrize(("line", "level", "message"), DATED)
def test_a_line_has_the_time_and_the_level_of_its_writer(line: str, level: str, message: str) -> None:
    assert one(line) == (f"{AT:%Y-%m-%d %H:%M:%S}", level, message)


def test_a_weak_word_is_a_level_too() -> None:
    assert one("[1795932611] warn x")[1:] == ("WARNING", "warn x")
    assert one("Nov 29 06:10:11 host prog[1]: error: x")[1] == "ERROR"


@pytest.mark.parametrize("line", [
    "NOTICE: PHP message: PHP Fatal error:  Uncaught x", "2026-11-29 06:10:11 NOTICE: PHP message: PHP Recoverable fatal error:  x",
])
def test_an_error_that_php_fpm_passes_on_as_a_notice_is_one(line: str) -> None:
    assert one(line)[1] == "CRITICAL"


@pytest.mark.parametrize("line", REQUESTS)
def test_a_request_has_a_time_and_no_level(line: str) -> None:
    assert one(line)[:2] == (f"{AT:%Y-%m-%d %H:%M:%S}", "")


@pytest.mark.parametrize("line", [*UNDATED, *UNREADABLE])
def test_what_only_looks_like_a_time_dates_nothing(line: str) -> None:
    assert one(line)[0] == "None"


@pytest.mark.parametrize(("head", "now", "at"), WITHOUT_A_YEAR)
def test_a_time_without_a_year_is_in_the_last_one_that_is_not_the_future(head: str, now: datetime, at: datetime) -> None:
    assert one(f"{head} host prog[1]: x", now)[0] == f"{at:%Y-%m-%d %H:%M:%S}"


def test_lines_of_several_writers_are_read_in_one_log_and_the_undated_are_counted() -> None:
    rows, unreadable = read(LogFile(kind="application", format="text", path="/a"), b"""2026-11-29 06:10:10 ERROR a
[29-Nov-2026 06:10:11] WARNING: b
[06:10:11 ERR] c
""")
    assert [(str(row["at"]), row["level"]) for row in sorted(rows, key=lambda row: str(row["at"]))] == [
        ("2026-11-29 06:10:10", "ERROR"), ("2026-11-29 06:10:11", "WARNING")]
    assert unreadable == {NO_TIME: 1}
