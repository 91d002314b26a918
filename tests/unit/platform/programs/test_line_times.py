"""When a line was written, as the programs on the server read it: by every awk of this machine, on real lines."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from runbook_lib.core import programs
from runbook_lib.platform.facts.line_heads import head_time
from runbook_lib.platform.facts.log_lines import NAMED_TIMES, TIMES
from runbook_lib.platform.facts.time_zones import named_zone_table, zone_table
from tests.unit.platform.written_lines import AT, DATED, NOW, REQUESTS, UNDATED, UNREADABLE, WITHOUT_A_YEAR

# Debian's is mawk; a server has any of them
AWKS = [one for one in ("awk", "mawk", "gawk", "busybox awk", "original-awk") if shutil.which(one.split()[0])]
# which of them gives a zone's name no time: it may know only abbreviations
NAMED_ZONE = [line for line, _, _ in DATED if "Europe/Berlin" in line]
PROGRAM = programs.text("platform/line_times.sh") + """
LC_ALL=C $AWK "$TIMES"'{ print time_in($0) }'"""


def times(lines: list[str], awk: str = "awk", now: datetime = NOW, near: str = "", named: str = "") -> list[datetime | None]:
    """The times of these lines."""
    environment = {**os.environ, "AWK": awk, "TIME_ZONES": zone_table(), "NOW": str(int(now.timestamp())), "NEAR": near, "NAMED_ZONES": named,
                   "TIME_KEYS": "\n".join((*TIMES, *NAMED_TIMES))}
    done = subprocess.run(("bash", "-c", PROGRAM), input="\n".join(lines) + "\n", capture_output=True, text=True, check=True, timeout=60,
                          env=environment)
    assert done.stderr == ""
    return [datetime.fromtimestamp(float(one), UTC) if one else None for one in done.stdout.splitlines()]


@pytest.mark.parametrize("awk", AWKS)
def test_lines_have_the_times_of_their_writers(awk: str) -> None:
    lines = [line for line, _, _ in DATED if line not in NAMED_ZONE] + REQUESTS
    assert list(zip(lines, times(lines, awk), strict=True)) == [(line, AT) for line in lines]


@pytest.mark.parametrize("awk", AWKS)
def test_what_only_looks_like_a_time_dates_nothing(awk: str) -> None:
    lines = [*UNDATED, UNREADABLE[0], *NAMED_ZONE]
    assert list(zip(lines, times(lines, awk), strict=True)) == [(line, None) for line in lines]


@pytest.mark.parametrize("awk", AWKS)
def test_the_distance_between_lines_is_known_without_their_zone(awk: str) -> None:
    [one] = NAMED_ZONE
    first, second = times([one, one.replace("07:10", "07:20")], awk, near="1")
    assert first is not None
    assert second is not None
    assert (second - first).total_seconds() == 600


@pytest.mark.parametrize("awk", AWKS)
def test_a_zone_with_a_name_has_its_hours_of_each_day(awk: str) -> None:
    """The whole log came over the link: as the reader dates it, so does the server, around each change of hours of two years."""
    zones = ("Europe/Berlin", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "Asia/Kolkata", "America/Argentina/Buenos_Aires")
    begin = datetime.now(UTC).replace(minute=30, second=0, microsecond=0) - timedelta(days=727)
    lines = [f"[{(begin + timedelta(days=day)).astimezone(ZoneInfo(zone)):%d-%b-%Y %H:%M:%S} {zone}] x" for zone in zones for day in range(0, 727, 7)]
    for zone in zones:  # each quarter of an hour of the days on which they change
        changes = [int(one) for one in re.findall(r"\d{9,}", re.findall(rf"(?m)^{zone} .*", named_zone_table())[0])[1:]]
        lines += [f"[{datetime.fromtimestamp(one + 60 * minutes, UTC).astimezone(ZoneInfo(zone)):%d-%b-%Y %H:%M:%S} {zone}] x"
                  for one in changes for minutes in range(-360, 360, 15)]
    wanted = [head_time(line, datetime.now(UTC))[1] for line in lines]
    assert len(lines) > 1000
    assert list(zip(lines, times(lines, awk, named=named_zone_table()), strict=True)) == list(zip(lines, wanted, strict=True))
    assert times([f"[01-Jan-{begin.year - 3} 06:10:11 Europe/Berlin] x"], awk, named=named_zone_table()) == [None]


@pytest.mark.parametrize("awk", AWKS)
def test_a_time_without_a_year_is_in_the_last_one_that_is_not_the_future(awk: str) -> None:
    for head, now, at in WITHOUT_A_YEAR:
        assert times([f"{head} host prog[1]: x"], awk, now) == [at]


JSON = [
    '{"time": "2026-11-29T06:10:11Z", "msg": "x"}', '{"msg": "since 2020-01-01 00:00:00", "time": "2026-11-29T07:10:11+01:00"}',
    '{"level":50,"time":1795932611123,"msg":"x"}',  # pino: a review took all of such a log for its last hour
    '{"level":"error","ts":1795932611.1234,"msg":"x"}', '{"ts":1795932611123456,"msg":"x"}', '{"ts":"1795932611123456789"}',
    '{"msg": "\\"time\\": \\"2020-01-01T00:00:00Z\\"", "@t": "2026-11-29T06:10:11Z"}',
    '{"timestamp": "2026/11/29 06:10:11"}', '{"time":"29/Nov/2026:06:10:11 +0000"}', ' {"@timestamp" : "2026-11-29T06:10:11Z"}',
    '{"text": "x", "record": {"time": {"repr": "2026-11-29 06:10:11+00:00", "timestamp": 1795932611.12}}}',
]


@pytest.mark.parametrize("awk", AWKS)
def test_json_has_the_time_behind_its_key(awk: str) -> None:
    assert list(zip(JSON, times(JSON, awk), strict=True)) == [(line, AT) for line in JSON]
    odd = ['{"time": 3}', '{"time": "soon"}', "{", '{"msg": "2026-11-29T06:10:11Z"}', '{"time": 12345678901}', '{"time": null}']
    assert times(odd, awk) == [None] * len(odd)


@pytest.mark.parametrize("awk", AWKS)
@pytest.mark.parametrize("line", [
    "2026/11/29 06:10:11 [error] 7#7: x", "2026-11-29 07:10:11.123 CET [77] LOG:  x", "2026-11-29 09:10:11.123 +03 [77] LOG:  x",
    '192.0.2.1 - - [29/Nov/2026:11:40:11 +0530] "GET /x?since=2020-01-01T00:00:00Z HTTP/1.1" 200 5 "-" "n"',
    '192.0.2.1 - [31/Dec/2099:00:00:00 +0000] [29/Nov/2026:06:10:11 +0000] "GET / HTTP/1.1" 200 5', "INFO 2026-11-29T06:10:11Z x",
    "[2026-11-29 06:10:11,123] INFO: since 2020-01-01 00:00:00",
])
def test_the_first_time_of_other_texts_is_theirs(awk: str, line: str) -> None:
    assert times([line], awk) == [AT]


@pytest.mark.parametrize("awk", AWKS)
def test_a_zone_that_several_share_dates_nothing(awk: str) -> None:
    assert times(["2026-11-29 06:10:11.123 CST [77] LOG:  x", "[29-Nov-2026 06:10:11 CST] ERROR: x"], awk) == [None, None]


@pytest.mark.parametrize("awk", AWKS)
@pytest.mark.parametrize("line", ["[" * 5000, "{" * 5000, '{"time"' * 3000, "[pid: 1|" * 500, "<" * 999, "[29-Nov-2026 06:10:11 " + "A" * 900, "\\" * 99,
                                  "%s%n %d", "$(id) `id`", "E1129 06:10:11." + "1" * 700])
def test_hostile_lines_end_it_never(awk: str, line: str) -> None:
    assert times([line, "2026-11-29 06:10:11 x"], awk)[1] == AT
