"""Lines of text whose time is not ISO 8601, each as its writer makes it; and what only looks like one."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from runbook_lib.environment.logs import LogFile
from runbook_lib.observability.facts.log_heads import message_columns
from runbook_lib.observability.facts.log_reading import NO_TIME
from tests.unit.observability.log_doubles import read

NOW = datetime(2026, 11, 29, 6, 30, tzinfo=UTC)
AT = "2026-11-29 06:10:11"
DOCKER = "2026-11-29T06:10:11.123456789Z "


def one(line: str, now: datetime = NOW) -> tuple[str, str, str]:
    [row] = message_columns(pl.DataFrame({"line": [line]}), now).rows(named=True)
    return str(row["at"]), row["level"], row["message"]


@pytest.mark.parametrize(("line", "level", "message"), [
    ("[29-Nov-2026 06:10:11] NOTICE: ready", "NOTICE", "NOTICE: ready"),
    ("[29-Nov-2026 06:10:11.123456] WARNING: pid 1, busy", "WARNING", "WARNING: pid 1, busy"),
    ("[29-Nov-2026 06:10:11 UTC] PHP Fatal error:  x", "CRITICAL", "PHP Fatal error:  x"),
    ("[29-Nov-2026 07:10:11 Europe/Berlin] PHP Warning:  since 2020-01-01 00:00:00", "WARNING",
     "PHP Warning:  since 2020-01-01 00:00:00"),
    ("[29-Nov-2026 07:10:11 CET] ERROR: x", "ERROR", "ERROR: x"),
    ("[Sun Nov 29 06:10:11.123456 2026] [core:error] [pid 7] AH1: x", "ERROR", "[core:error] [pid 7] AH1: x"),
    ("[Sun Nov 29 06:10:11 2026] [ssl:trace3] x", "TRACE", "[ssl:trace3] x"),
    ("E1129 06:10:11.123456       1 file.go:12] x", "ERROR", "x"), ("W1129 06:10:11.123456  1 a-b.go:1] x", "WARNING", "x"),
    ("I1129 06:10:11.123456  1 file.go:12] error", "INFO", "error"), ("F1129 06:10:11.1  1 f.go:12] x", "CRITICAL", "x"),
    ("Nov 29 06:10:11 error prog[1]: x", "", "error prog[1]: x"),
    ("Nov 29 06:10:11 host prog[1]: error: x", "ERROR", "host prog[1]: error: x"),
    ("Nov 29 09:10:11 host prog: 2026-11-29T06:10:11Z x", "", "host prog: 2026-11-29T06:10:11Z x"),
    ("<35>Nov 29 06:10:11 host su: x", "ERROR", "host su: x"),
    ("<34>1 2026-11-29T06:10:11.003Z host su 1 ID47 - error x", "CRITICAL", "error x"),
    ("<30>1 2026-11-29T08:10:11.003+02:00 host su 1 - [a b=\"c\"] x", "INFO", "x"),
    ("1795932611 ERROR x", "ERROR", "ERROR x"), ("1795932611123 x", "", "x"), ("1795932611123456789 x", "", "x"),
    ("1795932611.123 x", "", "x"), ("[1795932611] warn x", "WARNING", "warn x"),
    ("1234567890 2026-11-29 06:10:11 ERROR x", "ERROR", "1234567890 2026-11-29 06:10:11 ERROR x"),
    (DOCKER + "W1128 06:10:11.123456  1 file.go:12] x", "WARNING", "x"), (DOCKER + "[06:10:12 FTL] x", "CRITICAL", "x"),
    ("E, [2026-11-29T06:10:11.123456 #1] ERROR -- : x", "ERROR", "E, [2026-11-29T06:10:11.123456 #1] ERROR -- : x"),
    ("2026-11-29 06:10:11 ERROR x", "ERROR", "ERROR x"),
])
def test_a_line_has_the_time_and_the_level_of_its_writer(line: str, level: str, message: str) -> None:
    assert one(line) == (AT, level, message)


@pytest.mark.parametrize("line", [
    "*** Starting uWSGI 2.0 (64bit) on [Sun Nov 29 06:10:11 2026] ***",
    "[pid: 12|app: 0|req: 1/1] 10.0.0.1 () {32 vars} [Sun Nov 29 06:10:11 2026] GET /error => generated 2 bytes",
    'Nov 29 07:10:11 host nginx: 10.0.0.1 - - [29/Nov/2026:06:10:11 +0000] "GET /error HTTP/1.1" 200 5',
])
def test_a_request_has_a_time_and_no_level(line: str) -> None:
    assert one(line)[:2] == (AT, "")


@pytest.mark.parametrize("line", [
    "[06:10:11 ERR] x", "[06:10:11 INF] since 2026-11-29 06:10:11", "1234567890 rows copied", "4102444800 rows", "17959326110 x",
    "29 rows", "Nov 31 06:10:11 host prog: x", "[29-Nov-2026 07:10:11 Mars/Base] ERROR: x", "E1329 06:10:11.123456 1 f.go:12] x",
    "<34>1 - host su 1 - - x",
])
def test_what_only_looks_like_a_time_dates_nothing(line: str) -> None:
    assert one(line)[0] == "None"


@pytest.mark.parametrize(("head", "now", "at"), [
    ("Dec 31 23:59:59", datetime(2027, 1, 1, 0, 5, tzinfo=UTC), "2026-12-31 23:59:59"),
    ("Jan  1 00:00:01", datetime(2027, 1, 1, 0, 5, tzinfo=UTC), "2027-01-01 00:00:01"),
    # a server whose zone is ahead of UTC
    ("Jan  1 00:30:00", datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "2027-01-01 00:30:00"),
    ("Nov 30 05:00:00", NOW, "2026-11-30 05:00:00"), ("Dec  1 07:00:00", NOW, "2025-12-01 07:00:00"),
    ("Feb 29 12:00:00", datetime(2029, 1, 5, tzinfo=UTC), "2028-02-29 12:00:00"),
])
def test_a_time_without_a_year_is_in_the_last_one_that_is_not_the_future(head: str, now: datetime, at: str) -> None:
    assert one(f"{head} host prog[1]: x", now)[0] == at


def test_lines_of_several_writers_are_read_in_one_log_and_the_undated_are_counted() -> None:
    rows, unreadable = read(LogFile(kind="application", format="text", path="/a"), b"""2026-11-29 06:10:10 ERROR a
[29-Nov-2026 06:10:11] WARNING: b
[06:10:11 ERR] c
""")
    assert [(str(row["at"]), row["level"]) for row in sorted(rows, key=lambda row: str(row["at"]))] == [
        ("2026-11-29 06:10:10", "ERROR"), (AT, "WARNING")]
    assert unreadable == {NO_TIME: 1}
