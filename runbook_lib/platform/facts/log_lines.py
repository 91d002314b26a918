"""One line of a log, JSON or text: its time, its level, and its message made safe to show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.core.times import parse_time
from runbook_lib.platform.facts.time_zones import any_zone, zone_offsets

SHOWN = 2_000
TIMES = ("time", "timestamp", "asctime", "ts", "@timestamp")
LEVELS = ("level", "levelname", "severity", "lvl")
MESSAGES = ("message", "msg", "event")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
COLOURS = r"\x1b\[[0-9;:]*[A-Za-z]"  # what terminals make colours of: a letter at its end joins the next word
CLOCK = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?"
NUMBER = r" ?[+-]\d\d(?::?\d\d)?\b"  # zones without a name come as hours alone
_COMMON_LOG = re.compile(r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]")
# a line that was cut is JSON no more; inside a value, quotes are escaped
_FIELD = r'(?<!\\)"(?:{names})": ?"([^"\\]*)"'
_QUOTED = re.compile(r"\"[^\"]*\"?|(?<![A-Za-z])'[^']*'?")
_ADDRESS = re.compile(r"\S*[/?&=%]\S*")
_LEVEL = re.compile(r"\b(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b")
_SEVERE = ("ERROR", "CRITICAL", "FATAL")


@dataclass(frozen=True)
class LogLine:
    """One line. `at` is in UTC, None where nothing dates the line; control characters are shown as `\\xNN`."""

    at: datetime | None
    level: str
    message: str
    request_id: str = ""
    source: str = ""


def log_line(text: str, at: datetime | None, source: str) -> LogLine:
    """A severe line of JSON, which may have been cut."""
    entry = _object(text)
    if entry is None:
        return LogLine(at, _field(text, LEVELS).upper() or "ERROR", sanitize(text), source=source)
    message = sanitize(str(first_of(entry, MESSAGES)) + _exception(entry))
    request_id = sanitize(str(entry.get("request_id") or ""))
    return LogLine(at, str(first_of(entry, LEVELS)).upper(), message, request_id, source)


def severe_line(text: str, at: datetime | None, source: str) -> LogLine | None:
    """A line whose own words, or whose field of JSON, give it a severe level; None for any other."""
    entry = _object(text) if text.startswith("{") else None
    if entry is not None:
        return log_line(text, at, source) if str(first_of(entry, LEVELS)).upper() in _SEVERE else None
    level = level_of_text(text)
    return LogLine(at, level, sanitize(text), source=source) if level else None


def time_of(text: str) -> datetime | None:
    """The time that a line gives itself, in UTC; None where it gives none. Without a zone it is taken for UTC.

    None as well where zones of different hours share the name that it gives its own.
    """
    entry = _object(text) if text.startswith("{") else None
    if entry is not None:
        return _time(str(first_of(entry, TIMES)))
    if text.startswith("{"):
        return _time(_field(text, TIMES))
    if stamp := _stamp().search(text[:100]):
        return _time(stamp.group())
    if common := _COMMON_LOG.search(text[:200]):
        try:
            return datetime.strptime(common.group(1), "%d/%b/%Y:%H:%M:%S %z").astimezone(UTC)
        except ValueError:
            return None
    return None


def level_of_text(text: str) -> str:
    """The level of a text line when it is a severe one, else nothing.

    The first level in it counts, outside of quotes and addresses: a request for `/?q=ERROR` is not an error.
    """
    text = re.sub(COLOURS, "", text)
    if text.lstrip().startswith("Traceback (most recent call last)"):
        return "ERROR"
    bare = _ADDRESS.sub(" ", _QUOTED.sub(" ", text))
    found = _LEVEL.search(bare)
    return found.group() if found and found.group() in _SEVERE else ""


def sanitize(text: str) -> str:
    """Text without control characters, escape sequences and direction marks, at most 2,000 characters."""
    shown = _CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
    return head_of(shown, SHOWN)


def _exception(entry: dict[str, Any]) -> str:
    """The last line of a trace: what was raised."""
    trace = str(entry.get("exception") or entry.get("exc_info") or "").strip()
    return f" ({lines_of(trace)[-1]})" if trace else ""


def first_of(entry: dict[str, Any], names: tuple[str, ...]) -> Any:
    """The value of the first of these keys that has one; empty text without any."""
    return next((entry[name] for name in names if entry.get(name) is not None), "")


def _field(text: str, names: tuple[str, ...]) -> str:
    found = re.search(_FIELD.format(names="|".join(names)), text)
    return found.group(1) if found else ""


def _object(line: str) -> dict[str, Any] | None:
    try:
        entry = read_json(line, strict=False)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


@lru_cache(maxsize=1)
def _stamp() -> re.Pattern[str]:
    """A time in a line, with its zone. Made once, when a line is read: it asks for every time zone."""
    return re.compile(rf"({CLOCK})(?:(Z|{NUMBER})| ({any_zone()})\b)?")


def _time(text: str) -> datetime | None:
    if (parts := _stamp().fullmatch(text.strip())) is None:
        return _parsed(text)
    clock, number, name = parts.groups()
    at = _parsed(clock.replace(",", ".").replace("/", "-") + (number or "").strip())
    if at is None or name is None:
        return at
    offset = zone_offsets()[name]
    return None if offset is None else at - timedelta(seconds=offset)


def _parsed(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError:
        return None
