"""Log files of three days, a line each 20 seconds in the form of one writer, with its second as a number to find it by."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

DAY = 86_400
BEGIN = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())


def stamp(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def json_line(second: int) -> bytes:
    return f'{{"time":"{stamp(second).isoformat()}","status":200,"n":{second}}}\n'.encode()


def combined_line(second: int) -> bytes:
    at = (stamp(second) + timedelta(hours=5, minutes=30)).strftime("%d/%b/%Y:%H:%M:%S +0530")
    return f'192.0.2.1 - - [{at}] "GET /x HTTP/1.1" 200 5 "-" "n" "n":{second}\n'.encode()


def dated_query_line(second: int) -> bytes:
    """Other dates than the line's own wherever a client can write one: the query, and the name of a user."""
    user = ("[31/Dec/2099:00:00:00 +0000]", "-", "2001-01-01T00:00:00")[second // 20 % 3]
    return combined_line(second).replace(b"- - [", f"- {user} [".encode()).replace(b"/x ", b"/x?since=2020-01-01T00:00:00Z ")


def dated_json_line(second: int) -> bytes:
    """A message before the time that begins with a date, holds what looks like the key, and is longer than most lines."""
    text = rf'2099-01-01T00:00:00 \"time\":\"2001-01-01T00:00:00\" [31/Dec/2099:00:00:00 +0000] {"x" * 700}'
    return f'{{"message":"{text}","level":"time", "ts" : "{stamp(second).isoformat()}","n":{second}}}\n'.encode()


def local_json_line(second: int) -> bytes:
    """JSON with nginx' `$time_local`, as many configurations in public have it."""
    return f'{{"time":"{stamp(second):%d/%b/%Y:%H:%M:%S} +0000","path":"/2099-01-01T00:00:00","n":{second}}}\n'.encode()


def epoch_line(second: int) -> bytes:
    return f'{{"level":"error","ts":{second}.125,"message":"since 2020-01-01T00:00:00","n":{second}}}\n'.encode()


def milliseconds_line(second: int) -> bytes:
    """As pino and bunyan count."""
    return f'{{"level":50,"time":{second}125,"msg":"since 2020-01-01T00:00:00","n":{second}}}\n'.encode()


def php_line(second: int) -> bytes:
    return f'[{stamp(second):%d-%b-%Y %H:%M:%S} UTC] PHP Warning:  since 2020-01-01 00:00:00 in /a.php "n":{second}\n'.encode()


def php_berlin_line(second: int) -> bytes:
    """With `date.timezone = Europe/Berlin`."""
    at = datetime.fromtimestamp(second, ZoneInfo("Europe/Berlin"))
    return f'[{at:%d-%b-%Y %H:%M:%S} Europe/Berlin] PHP Warning:  since 2020-01-01 00:00:00 in /a.php "n":{second}\n'.encode()


def apache_line(second: int) -> bytes:
    return f'[{stamp(second):%a %b %d %H:%M:%S}.123456 {stamp(second).year}] [core:error] since 2020-01-01 00:00:00 "n":{second}\n'.encode()


def rfc_5424_line(second: int) -> bytes:
    return f'<34>1 {stamp(second).isoformat()} host app 7 ID47 - since 2020-01-01 00:00:00 "n":{second}\n'.encode()


def klog_line(second: int) -> bytes:
    return f'E{stamp(second):%m%d %H:%M:%S}.123456       1 file.go:12] since 2020-01-01 00:00:00 "n":{second}\n'.encode()


def syslog_line(second: int) -> bytes:
    return f'{stamp(second):%b %e %H:%M:%S} host app[7]: since 2020-01-01 00:00:00 "n":{second}\n'.encode()


def text_line(second: int) -> bytes:
    return f'{stamp(second):%Y/%m/%d %H:%M:%S} [error] 7#7: failed "n":{second}\n'.encode()


def berlin_line(second: int) -> bytes:
    """As PostgreSQL writes it with `log_timezone = 'Europe/Berlin'`."""
    at = datetime.fromtimestamp(second, ZoneInfo("Europe/Berlin"))
    return f'{at:%Y-%m-%d %H:%M:%S}.123 {at.tzname()} [77] LOG:  checkpoint "n":{second}\n'.encode()


def istanbul_line(second: int) -> bytes:
    """A zone without a name: PostgreSQL writes its hours."""
    return f'{stamp(second) + timedelta(hours=3):%Y-%m-%d %H:%M:%S}.123 +03 [77] LOG:  checkpoint "n":{second}\n'.encode()


def written(path: Path, content: bytes, at: int) -> Path:
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


def lines(begin: int, end: int, step: int = 20, line: object = json_line) -> bytes:
    assert callable(line)
    return b"".join(line(second) for second in range(begin, end, step))


def three_days(folder: Path, line: object = json_line) -> Path:
    """Two rotated days, the older one compressed, and half a day in the file that is written now."""
    packed, day, half = _three_days(line)
    written(folder / "a.log.2.gz", packed, BEGIN + DAY)
    written(folder / "a.log.1", day, BEGIN + 2 * DAY)
    return written(folder / "a.log", half, BEGIN + 5 * DAY // 2)


@cache
def _three_days(line: object) -> tuple[bytes, bytes, bytes]:
    days = ((BEGIN, BEGIN + DAY), (BEGIN + DAY, BEGIN + 2 * DAY), (BEGIN + 2 * DAY, BEGIN + 5 * DAY // 2))
    first, second, third = (lines(begin, end, line=line) for begin, end in days)
    return gzip.compress(first), second, third
