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
from runbook_lib.platform.facts.line_heads import CLOCK, COLOURS, NUMBER, head_time, level_of_priority, level_sign
from runbook_lib.platform.facts.time_zones import any_zone, zone_offsets

SHOWN = 2_000
TIMES = ("time", "timestamp", "asctime", "ts", "@timestamp", "@t", "datetime", "Timestamp")
# Source: the manuals of Python's logging, zap, pino, logrus, ECS, Monolog, .NET's console and Serilog
LEVELS = ("level", "levelname", "severity", "lvl", "level_name", "log.level", "LogLevel", "loglevel", "@l")
# of a level that is an object, what names it. Source: the manuals of loguru and log4j2
LEVEL_NAMES = ("name", "label", "text", "value", "standardLevel")
MESSAGES = ("message", "msg", "event", "Message", "@m", "@mt")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_COMMON_LOG = re.compile(r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]")
_CUT = re.compile(r'\{\s*"')
# a line that was cut is JSON no more; inside a value, quotes are escaped
_FIELD = (r'(?<!\\)"(?:{names})"[ \t]*:[ \t]*(?:\{{[^{{}}]*?"(?:{inner})"[ \t]*:[ \t]*)?'
          r'(?:"([^"\\]*)"|(\d{{1,3}})(?:\.0+)?\b)')
_WHOLE = re.compile(r"^(\d+)\.0+$")  # a number that its writer counts in fractions
# seconds since 1970, or parts of them, which their number of digits tells
_EPOCH = re.compile(r"(\d{10})(?:\d{3}|\d{6}|\d{9})?(?:\.\d*)?")
NAMED_TIMES = ("repr", "$date", "iso")  # of a time that is an object
_QUOTED = re.compile(r"\"[^\"]*\"?|(?<![A-Za-z])'[^']*'?")
_ADDRESS = re.compile(r"\S*[/?&=%]\S*")
_WORDS = "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|PANIC|SEVERE|EMERG|ALERT"
_LEVEL = re.compile(rf"\b(?:{_WORDS})\b")
# a level as logfmt has it, and in brackets as nginx and Apache have it, in any case
_ABBREVIATED = {"ERR": "ERROR", "EROR": "ERROR", "CRIT": "CRITICAL", "DPANIC": "PANIC", "EMERGENCY": "EMERG"}
_LOGFMT = re.compile(rf"(?:^|\s)(?:level|lvl|severity|loglevel)=(\"?)({_WORDS}|{'|'.join(_ABBREVIATED)})\1(?=[\s,;]|$)",
                     re.IGNORECASE)
_BRACKETED = re.compile(r"\[(?:[a-z0-9_]+:)?(error|crit|alert|emerg|fatal|warn|notice|info|debug)\]")
# numbers are those of bunyan and pino, and of syslog, whose 0 to 3 are severe
_SEVERE = frozenset(("ERROR", "ERR", "EROR", "CRITICAL", "CRIT", "FATAL", "PANIC", "DPANIC", "ALERT", "EMERG",
                     "EMERGENCY", "SEVERE", "60", "50", "0", "1", "2", "3"))


@dataclass(frozen=True)
class LogLine:
    """One line. `at` is in UTC, None where nothing dates the line; control characters are shown as `\\xNN`."""

    at: datetime | None
    level: str
    message: str
    request_id: str = ""
    source: str = ""


def log_line(text: str, at: datetime | None, source: str, level_key: str = "") -> LogLine:
    """A severe line of JSON, which may have been cut; `level_key` has its level, else the usual keys."""
    entry = _object(text)
    if entry is None:
        return LogLine(at, _field(text, _keys(level_key)).upper() or "ERROR", sanitize(text), source=source)
    inner = entry["record"] if isinstance(entry.get("record"), dict) else {}
    message = sanitize(str(first_of(entry, MESSAGES) or first_of(inner, MESSAGES)) + _exception(entry))
    request_id = sanitize(str(entry.get("request_id") or ""))
    return LogLine(at, _level_of(entry, level_key), message, request_id, source)


def severe_line(text: str, at: datetime | None, source: str, level_key: str = "", *,
                chosen: bool = False) -> LogLine | None:
    """A line whose own words, or whose field of JSON, give it a severe level; None for any other.

    Colours are left out. Of a text with JSON behind it the text's own level counts, where it has one. `chosen`: the
    whole line had a severe field of JSON, which what was cut may have lost.
    """
    text = re.sub(COLOURS, "", text)
    head, brace, rest = text.partition("{")
    entry = _object(brace + rest.rstrip()) if brace else None
    if entry is not None and not _level_in(head):
        severe = _level_of(entry, level_key) in _SEVERE
        return log_line(brace + rest, at, source, level_key) if severe else None
    level = _field(text, _keys(level_key)).upper() if text.startswith("{") else ""
    if level or chosen:  # it was cut, or JSON does not allow it
        return log_line(text, at, source, level_key) if chosen or level in _SEVERE else None
    level = level_of_text(text)
    return LogLine(at, level, sanitize(text), source=source) if level else None


def time_of(text: str, now: datetime | None = None, time_key: str = "") -> datetime | None:
    """The time that a line gives itself, in UTC; None where it gives none. Without a zone it is taken for UTC.

    None as well where zones of different hours share the name that it gives its own. `now`, by the clock that dated
    the line, for a time without a year; `time_key` has the time in JSON, else the usual keys.
    """
    keys = (time_key,) if time_key else TIMES
    entry = _object(text) if text.startswith("{") else None
    if entry is not None:
        return _time_of_object(entry, keys)
    if _CUT.match(text):
        return _time(_field(text, keys))
    begins, at = head_time(text, now or datetime.now(UTC))
    if begins:
        return at
    if stamp := _stamp().search(text[:120]):
        return _time(stamp.group())
    if common := _COMMON_LOG.search(text[:200]):
        try:
            return datetime.strptime(common.group(1), "%d/%b/%Y:%H:%M:%S %z").astimezone(UTC)
        except ValueError:
            return None
    return None


def _time_of_object(entry: dict[str, Any], keys: tuple[str, ...]) -> datetime | None:
    """The time of an object of JSON, or of the record in it, which loguru writes next to its text."""
    found = first_of(entry, keys)
    if isinstance(found, dict):
        found = first_of(found, NAMED_TIMES)
    if found == "" and isinstance(record := entry.get("record"), dict):
        return _time_of_object(record, keys)
    number = _EPOCH.fullmatch(str(found))
    return datetime.fromtimestamp(int(number[1]), UTC) if number else _time(str(found))


def level_of_text(text: str) -> str:
    """The level of a text line when it is a severe one, else nothing.

    The first level in it counts, outside of quotes and addresses: a request for `/?q=ERROR` is not an error.
    """
    text = re.sub(COLOURS, "", text)
    if text.lstrip().startswith("Traceback (most recent call last)"):
        return "ERROR"
    level = _level_in(text)
    return level if level in _SEVERE else ""


def _keys(level_key: str) -> tuple[str, ...]:
    return (level_key,) if level_key else LEVELS


def _level_of(entry: dict[str, Any], level_key: str) -> str:
    """The level of an object of JSON, in capitals: a severe one of those that it has; empty where it has none.

    Where it has none itself, the words of an object inside count, as `{"log": {"level": "error"}}`: not a number, which
    is anything's level.
    """
    values = (_named(entry.get(name)) for name in _keys(level_key))
    levels = [_WHOLE.sub(r"\1", str(one).strip()).upper() for one in values if isinstance(one, str | int | float)]
    if not levels:
        inner = (_level_of(one, level_key) for one in entry.values() if isinstance(one, dict))
        levels = [one for one in inner if one and not one.isdigit()]
    return next((one for one in levels if one in _SEVERE), levels[0] if levels else "")


def _named(value: Any) -> Any:
    """A level, or the name of an object that is one: the number in `{"name": "ERROR", "no": 40}` is of any scale."""
    return first_of(value, LEVEL_NAMES) or None if isinstance(value, dict) else value


def _level_in(text: str) -> str:
    """The level that a text gives itself, in capitals; empty where it gives none."""
    if (sign := level_sign(text)) is not None:
        return sign
    # the first of all forms counts: `ERROR … severity=low` is an error
    plain = _LOGFMT.sub(lambda found: f" {_ABBREVIATED.get(found[2].upper(), found[2].upper())} ", text)
    bare = _ADDRESS.sub(" ", _QUOTED.sub(" ", plain))
    word, bracketed = _LEVEL.search(bare), _BRACKETED.search(bare)
    if bracketed and not (word and word.start() < bracketed.start()):
        return bracketed[1].upper()
    return word.group() if word else level_of_priority(text)


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
    found = re.search(_FIELD.format(names="|".join(map(re.escape, names)), inner="|".join(LEVEL_NAMES)), text)
    return (found.group(1) or found.group(2) or "").strip() if found else ""


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
