"""Which lines of a log are in a window, whatever form their times have, by every awk of this machine."""

from __future__ import annotations

import gzip
import shutil
import time
from pathlib import Path

import pytest

from tests.unit.observability.programs.dated_logs import (
    BEGIN,
    DAY,
    apache_line,
    berlin_line,
    combined_line,
    dated_json_line,
    dated_query_line,
    epoch_line,
    istanbul_line,
    json_line,
    klog_line,
    lines,
    local_json_line,
    milliseconds_line,
    php_berlin_line,
    php_line,
    rfc_5424_line,
    syslog_line,
    text_line,
    three_days,
    written,
)
from tests.unit.observability.programs.log_windows import sent

# by its name in a link BusyBox knows what it is to be
AWKS = [one for one in ("mawk", "gawk", "busybox", "original-awk") if shutil.which(one)]
MARGIN = 300


@pytest.mark.parametrize("line", [json_line, combined_line, text_line, dated_query_line, dated_json_line, epoch_line,
                                  berlin_line, istanbul_line, local_json_line, milliseconds_line, php_line,
                                  php_berlin_line, apache_line, rfc_5424_line])
@pytest.mark.parametrize(("first", "last"), [(0, 216_000), (50_000, 150_000), (86_400, 86_401), (100_000, 100_100), (200_000, 10**6), (-10**6, 5_000)])
def test_the_window_comes_whole_in_order_and_little_else(folder: Path, line: object, first: int, last: int) -> None:
    log = three_days(folder, line)
    found = sent(log, BEGIN + first, BEGIN + last)
    wanted = [second for second in range(BEGIN, BEGIN + 5 * DAY // 2, 20) if BEGIN + first <= second <= BEGIN + last]
    assert found == sorted(set(found))
    assert set(wanted) <= set(found)
    # a block of each file that is cut at both ends, and minutes on both sides
    assert len(found) - len(wanted) < 4 * 65_536 // len(json_line(BEGIN)) + 2 * (MARGIN + 64 * 20) // 20


@pytest.mark.parametrize("line", [klog_line, syslog_line])
def test_an_hour_of_lines_without_a_year_comes_and_little_else(folder: Path, line: object) -> None:
    now = int(time.time()) // 20 * 20
    written(folder / "a.log.1.gz", gzip.compress(lines(now - 2 * DAY, now - DAY, line=line)), now - DAY)
    log = written(folder / "a.log", lines(now - DAY, now, line=line), now)
    for until in (now - DAY // 2, now - 3 * DAY // 2):
        found = sent(log, until - 3600, until)
        assert set(range(until - 3600, until, 20)) <= set(found)
        assert len(found) < 2 * DAY // 20 // 2


@pytest.mark.parametrize("awk", AWKS)
@pytest.mark.parametrize("line", [json_line, combined_line, text_line, berlin_line, milliseconds_line, php_berlin_line, apache_line, rfc_5424_line])
def test_every_awk_finds_the_same_window(folder: Path, tmp_path: Path, line: object, awk: str) -> None:
    (tmp_path / "awk").symlink_to(str(shutil.which(awk)))
    log = three_days(folder, line)
    window = (log, BEGIN + 50_000, BEGIN + 150_000)
    assert sent(*window, path=str(tmp_path)) == sent(*window)


def test_lines_that_nothing_dates_come_from_packed_files_as_from_plain_ones(folder: Path) -> None:
    log = three_days(folder, lambda second: f'out of words "n":{second}\n'.encode())
    assert len(sent(log, BEGIN + 1000, BEGIN + DAY)) == len(range(BEGIN, BEGIN + 5 * DAY // 2, 20))
