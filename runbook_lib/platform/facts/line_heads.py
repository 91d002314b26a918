"""How writers begin a line whose time is not ISO 8601, or whose level is not a word; programs/line_times.sh as well.

Times: PHP and PHP-FPM (`[29-Nov-2026 06:10:11 UTC]`), Apache's errors (`[Sun Nov 29 06:10:11.123456 2026]`), uWSGI,
klog (`E1129 06:10:11.123456`), syslog (RFC 3164, with or without its `<34>`; RFC 5424), and seconds since 1970 or parts
of them. A time of day alone, as Serilog's `[06:10:11 ERR]`, dates nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from runbook_lib.core.times import parse_time
from runbook_lib.platform.facts.time_zones import zone_offsets

COLOURS = r"\x1b\[[0-9;:]*[A-Za-z]"  # what terminals make colours of: a letter at its end joins the next word
CLOCK = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?"
NUMBER = r" ?[+-]\d\d(?::?\d\d)?\b"  # zones without a name come as hours alone
ISO = rf"{CLOCK}(?:Z|{NUMBER})?"
# without a zone a time is taken for UTC, and may be ahead of it by 14 hours where it is not
AHEAD = timedelta(days=1)
OLDEST = timedelta(days=366)  # an older number at the beginning is rather a count or an id
DOCKER = r"^(?:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) )?"
MONTHS = {name: f"{number:02}" for number, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)}
_OF_DAY = r"(?P<clock>\d\d:\d\d:\d\d)"
_MONTH = f"(?P<month>{'|'.join(MONTHS)})"
_DAY = r"(?P<day>[ \d]\d)"
SERILOG = r"^\[\d\d:\d\d:\d\d(?:\.\d+)? (VRB|DBG|INF|WRN|ERR|FTL)\]\s*"
UWSGI_REQUEST = r"^\[pid: \d+\|[^\]]*\] [^\[]*"  # its path may hold the word for a level
KLOG = r"^([IWEFD])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^ \]]+:\d+\] ?"
PRIORITY = r"^<(\d{1,3})>"
_RFC_5424 = r"^<\d{1,3}>1 "
RFC_5424_TIME = rf"{_RFC_5424}({ISO})"
RFC_5424_HEAD = _RFC_5424 + r"(?:\S+ ){5}(?:-|(?:\[[^\]]*\])+) ?"
EPOCH = r"^\[?(\d{10}(?:\.\d{1,9})?|\d{13}|\d{16}|\d{19})[\]:]?\s"
BEFORE_A_TIME = rf"^\S+\s+[\[(]?{CLOCK}"  # a number in front of it dates nothing
PHP = (rf"^\[(?P<day>\d\d)-{_MONTH}-(?P<year>\d{{4}}) {_OF_DAY}(?:\.\d+)?"
       r"(?: (?P<zone>[A-Za-z][A-Za-z0-9_/+-]*))?\]\s*")
# its own errors, also where PHP-FPM passes them on as a notice or quotes them. Source: PHP, main/main.c
PHP_ERROR = r"\bPHP (Fatal|Recoverable fatal|Parse) error: "
PHP_ERRORS = {"Fatal": "CRITICAL", "Recoverable fatal": "CRITICAL", "Parse": "ERROR"}
CTIME = rf"\[[A-Z][a-z]{{2}} {_MONTH} {_DAY} {_OF_DAY}(?:\.\d+)? (?P<year>\d{{4}})\]"
SYSLOG = rf"^(?:<\d{{1,3}}>)?{_MONTH} {_DAY} {_OF_DAY} "
FORMS = (PHP, "^" + CTIME, r"^\*{3} Starting uWSGI [^\[]*" + CTIME, UWSGI_REQUEST + CTIME,
         rf"^[IWEFD](?P<month>\d\d)(?P<day>\d\d) {_OF_DAY}\.\d+ ", SYSLOG)
# what stands before the message of syslog: the host, the program and its number
SENDER = r"^[^ ]+ [^ :\[]+(?:\[[^\]]*\])?: "
SENT_TIME = rf"^[\[(]?({ISO})"  # of a program that writes its own time behind syslog's: it has the year
# One anchored look for each line of any text: only those that begin so pay for the rest.
BEGINS = (DOCKER + r"(?:\[\d\d-[A-Z]|\[[A-Z][a-z]{2} [A-Z]|\*{3} Starting uWSGI|\[pid: |[IWEFD]\d{4} \d|<\d{1,3}>|"
          r"[A-Z][a-z]{2} [ \d]\d \d\d:|\[\d\d:\d\d:\d\d|\[?\d{10})")
# the time of a request that a server writes among messages, quoted in whatever way
REQUEST_TIME = (r"\[([0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8} [+-][0-9]{4})\] "
                r"""["'][A-Z]{3,10} [^"']* HTTP/[0-9.]+["'] [0-9]{3}(?: |$)""")
SIGNS = {"I": "INFO", "W": "WARNING", "E": "ERROR", "F": "CRITICAL", "D": "DEBUG",
         "VRB": "TRACE", "DBG": "DEBUG", "INF": "INFO", "WRN": "WARNING", "ERR": "ERROR", "FTL": "CRITICAL"}
# by the number of syslog's severity
PRIORITIES = ("CRITICAL", "CRITICAL", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")
MOST_PRIORITY = 191


def level_sign(text: str) -> str | None:
    """The level that a line has by its writer's own sign, in capitals; empty for a request; None without a sign."""
    text = re.sub(DOCKER, "", text)
    if re.search(UWSGI_REQUEST, text):
        return ""
    if sign := re.search(KLOG, text) or re.search(SERILOG, text):
        return SIGNS[sign[1]]
    if error := re.search(PHP_ERROR, text):
        return PHP_ERRORS[error[1]]
    return None


def level_of_priority(text: str) -> str:
    """The level by syslog's number, empty without one. Docker's gives all of a stream the same: a word goes first."""
    priority = re.search(PRIORITY, re.sub(DOCKER, "", text))
    return PRIORITIES[int(priority[1]) % 8] if priority and int(priority[1]) <= MOST_PRIORITY else ""


def head_time(text: str, now: datetime) -> tuple[bool, datetime | None]:
    """Whether a line begins in one of these ways, and its time in UTC; None where that cannot be known.

    A time without a year is in the last one in which it is not after `now`.
    """
    if not re.search(BEGINS, text) or re.search(REQUEST_TIME, text):
        return False, None
    if re.search(SERILOG, text):
        return True, None
    if iso := re.search(RFC_5424_TIME, text):
        return True, _parsed(iso[1])
    for form in FORMS:
        if found := re.search(form, text):
            inner = re.search(SENT_TIME, re.sub(SENDER, "", text[found.end():])) if form == SYSLOG else None
            return True, _parsed(inner[1]) if inner else _named_time(found.groupdict(), now)
    return _number(text, now)


def _named_time(parts: dict[str, str | None], now: datetime) -> datetime | None:
    latest = now + AHEAD
    years = (str(parts["year"]),) if parts.get("year") else (str(latest.year), str(latest.year - 1))
    for year in years:
        month, day = str(parts["month"]), str(parts["day"]).replace(" ", "0")
        at = _parsed(f"{year}-{MONTHS.get(month, month)}-{day} {parts['clock']}")
        if at is not None and (at <= latest or len(years) == 1):
            return _in_utc(at, parts.get("zone"))
    return None


def _in_utc(at: datetime, zone: str | None) -> datetime | None:
    """A time in the zone of that name, `CET` or `Europe/Berlin` as PHP writes it; None where the name is not known."""
    try:
        if zone is None:
            return at
        if zone in (offsets := zone_offsets()):
            east = offsets[zone]
            return None if east is None else at - timedelta(seconds=east)
        return at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) if zone in _zones() else None
    except OverflowError:  # the first or last day of the calendar
        return None


@lru_cache(maxsize=1)
def _zones() -> set[str]:
    return available_timezones()


def _number(text: str, now: datetime) -> tuple[bool, datetime | None]:
    """Seconds since 1970, or parts of them, of the last year: another number is none."""
    found = re.search(EPOCH, text)
    if found is None or re.search(BEFORE_A_TIME, text):
        return False, None
    at = datetime.fromtimestamp(int(found[1][:10]), UTC)
    return (True, at) if now - OLDEST <= at <= now + AHEAD else (False, None)


def _parsed(text: str) -> datetime | None:
    try:
        return parse_time(text.replace(",", ".").replace("/", "-"))
    except ValueError:
        return None
