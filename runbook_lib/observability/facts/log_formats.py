"""The formats of logs: which column of a table comes from which part of a line."""

from __future__ import annotations

import json
import re
from functools import reduce
from typing import TYPE_CHECKING

from runbook_lib.environment.logs import LogField, LogFile
from runbook_lib.platform.facts.line_heads import CLOCK, COLOURS, NUMBER, PHP_ERROR, PHP_ERRORS, REQUEST_TIME
from runbook_lib.platform.facts.log_lines import LEVEL_NAMES, LEVELS, MESSAGES, TIMES
from runbook_lib.platform.facts.time_zones import any_zone, zone_offsets

if TYPE_CHECKING:
    import polars as pl

# the keys that writers of JSON logs use, the likeliest first; an environment file can name others
USUAL_KEYS: dict[LogField, tuple[str, ...]] = {
    "time": (*TIMES, "record"),
    "status": ("status", "status_code", "code"),
    "path": ("path", "uri", "request_uri", "url"),
    "seconds": ("seconds", "request_time", "duration", "duration_s"),
    "address": ("address", "remote_addr", "client", "client_ip", "ip"),
    "request_id": ("request_id", "correlation_id", "trace_id"),
    "level": (*LEVELS, "record"),
    "message": (*MESSAGES, "record"),
    "exception": ("exception", "exc_info", "error"),
}
# where loguru keeps them, in the object that it writes next to its text. Source: loguru manual, `serialize`
_IN_RECORD: dict[LogField, str] = {"time": "$.time.repr", "level": "$.level.name", "message": "$.message"}
# Source: Traefik manual, access logs; Caddy manual, structure of an access log
OWN_KEYS: dict[str, dict[LogField, tuple[str, ...]]] = {
    "traefik": {"time": ("StartUTC", "time"), "status": ("DownstreamStatus",), "path": ("RequestPath",),
                "seconds": ("Duration",), "address": ("ClientHost", "ClientAddr"),
                "request_id": ("request_X-Request-Id", "downstream_X-Request-Id")},
    "caddy": {"time": ("ts",), "status": ("status",), "path": ("request",), "seconds": ("duration",),
              "address": ("request",), "request_id": ("request_id", "uuid")},
}
_PLAIN = "%Y-%m-%dT%H:%M:%S%.f%#z"
_CLOCK = "%Y-%m-%dT%H:%M:%S"
_IN_UTC = r"^(?:\.\d{1,9})?(?:Z|[+-]00:?00)$"  # of a time, what stands behind its seconds
_NANOSECONDS = 1e9  # Traefik's JSON counts in them
ACCESS: tuple[LogField, ...] = ("time", "status", "path", "seconds", "address", "request_id")
_NUMBERS: tuple[LogField, ...] = ("status", "seconds")
APPLICATION: tuple[LogField, ...] = ("time", "level", "message", "exception", "request_id", "seconds")
NOT_A_REQUEST = "(not a request line)"
# `host:port address …` of Apache, `host address …` of nginx: what follows is an address, and never the user `-`
_HOST = r"^[^ ]+ (?<address>[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+) "
_WITH_HOST = _HOST + r"[^ ]+ [^\[]*\["
# user and request are quoted by the server: only what it escapes itself can stand inside the quotes
_COMBINED = (r'^(?<address>[^ ]+) {before}\[(?<time>[0-9]{{2}}/[A-Za-z]{{3}}/[0-9]{{4}}:[0-9:]{{8}} [+-][0-9]{{4}})\] '
             r'"(?<request>[^"\\]*(?:\\.[^"\\]*)*)" (?<status>[0-9]{{3}}) (?:[0-9]+|-)(?: |$)')
COMBINED = _COMBINED.format(before=r"[^\[]*")
COMBINED_WITH_HOST = COMBINED.replace(r"^(?<address>[^ ]+) ", _HOST)
# three times as slow, because it has to try: only for lines that the other does not match
COMBINED_ODD_USER = _COMBINED.format(before=r'[^"]*')
_TOOK = r'" (?:\w+=)?"?(\d{1,6}\.\d{1,6})"?$'  # the request's time, where it was added at the end of the line
_TOOK_MS = r'" (\d{1,9})ms$'  # Traefik has it there always
TEXT_LEVEL = r"(?i)\b(emerg|alert|fatal|crit|critical|error|err|warning|warn|notice|info|debug|trace)\b"
# The numbers are those of Node's writers (bunyan, pino: tens) and of syslog (0 to 7).
SEVERITIES = {"EMERG": "CRITICAL", "EMERGENCY": "CRITICAL", "ALERT": "CRITICAL", "FATAL": "CRITICAL",
              "PANIC": "CRITICAL", "DPANIC": "CRITICAL", "CRIT": "CRITICAL",
              "SEVERE": "ERROR", "ERR": "ERROR", "EROR": "ERROR", "WARN": "WARNING",
              "60": "CRITICAL", "50": "ERROR", "40": "WARNING", "30": "INFO", "20": "DEBUG", "10": "TRACE",
              "0": "CRITICAL", "1": "CRITICAL", "2": "CRITICAL", "3": "ERROR", "4": "WARNING", "5": "NOTICE",
              "6": "INFO", "7": "DEBUG"}


def keys_of(log: LogFile, sample: bytes = b"") -> tuple[str, ...]:
    """The keys of a JSON log that are read, each once: of a field that the sample has, only those in the sample."""
    wanted = ACCESS if log.kind == "access" else APPLICATION
    keys: dict[str, None] = {}
    for name in wanted:
        all_keys = candidates(log, name)
        keys |= dict.fromkeys([key for key in all_keys if f'"{key}"'.encode() in sample] or all_keys)
    return tuple(keys)


def numbers_in(log: LogFile, keys: tuple[str, ...], sample: bytes) -> frozenset[str]:
    """Of the keys that are read, those whose values are numbers throughout the sample: read as that, they cost less."""
    texts = {key for name in ACCESS + APPLICATION if name not in _NUMBERS for key in candidates(log, name)}
    asked = {key: re.escape(json.dumps(key).encode()) for name in _NUMBERS for key in candidates(log, name)}
    return frozenset(key for key, word in asked.items() if key in set(keys) - texts and (
        0 < len(re.findall(word + rb"\s*:", sample)) == len(re.findall(word + rb"\s*:\s*-?\d", sample))))


def candidates(log: LogFile, name: LogField) -> tuple[str, ...]:
    """The keys that a field may have: the one that the environment file names, else its writer's or the usual ones."""
    usual = OWN_KEYS.get(log.format, {}).get(name) or USUAL_KEYS[name]
    return (log.fields[name],) if name in log.fields else usual


def json_columns(values: pl.DataFrame, log: LogFile) -> pl.DataFrame:
    """The columns of read_log from the values of JSON objects."""
    import polars as pl

    def first(name: LogField) -> pl.Expr:
        if name in _NUMBERS:
            return pl.coalesce(*(pl.col(key).cast(pl.Float64, strict=False) for key in candidates(log, name)))
        return pl.coalesce(*(pl.col(key).str.json_path_match(_IN_RECORD[name])
                             if key == "record" and name in _IN_RECORD and name not in log.fields else pl.col(key)
                             for key in candidates(log, name)))

    absent = [key for key in keys_of(log) if key not in values.columns]
    values = values.with_columns(pl.lit(None, pl.String).alias(key) for key in absent)
    at = _json_moment(values, first("time")).alias("at")
    request_id = first("request_id").fill_null("").alias("request_id")
    took = first("seconds")  # NaN, and what some write where there is none: -1
    seconds = pl.when(took.is_finite() & (took >= 0)).then(took).alias("seconds")
    if log.kind == "access":
        path, address = first("path"), first("address")
        if log.format == "caddy":  # both lie in the object of the request
            path = path.str.json_path_match("$.uri")
            address = pl.coalesce(*(address.str.json_path_match(f"$.{key}") for key in ("client_ip", "remote_ip")))
        more = path.str.contains_any(["?", "#"])  # to cut each of them costs six times as much as to look
        path = pl.when(more).then(path.str.extract(r"^([^?#]*)", 1)).otherwise(path)
        return values.select(
            at, path.fill_null("").alias("path"), first("status").cast(pl.Int32, strict=False).alias("status"),
            seconds / _NANOSECONDS if log.format == "traefik" else seconds, address.fill_null("").alias("address"),
            request_id, "line")
    raised = first("exception").str.strip_chars().str.extract(r"([^\n]*)$", 1)
    message = pl.concat_str(first("message").fill_null(""), pl.when(raised.is_not_null() & (raised != ""))
                            .then(pl.concat_str(pl.lit(": "), raised)).otherwise(pl.lit("")))
    return values.select(at, severity(first("level").fill_null("")).alias("level"), message.alias("message"),
                         request_id, seconds, "line")


def _json_moment(values: pl.DataFrame, text: pl.Expr) -> pl.Expr:
    """The time of JSON; of nginx' `$time_local` as well, by the first lines: each way to read one costs each line."""
    import polars as pl

    times = values.select(text.alias("at"))
    in_utc = times.select((pl.col("at").str.slice(10, 1) == "T") & pl.col("at").str.slice(19).str.contains(_IN_UTC))
    if in_utc.to_series().all():
        clock = times.select(pl.col("at").str.slice(0, 19).str.to_datetime(_CLOCK, strict=False, time_unit="us"))
        if clock.to_series().null_count() == times.to_series().null_count():
            return pl.lit(clock.to_series())
    # what nearly all writers write is read in a tenth of the time; where one line differs, all are read as any time is
    padded = pl.when(pl.col("at").str.slice(10, 1) == "T").then(pl.col("at"))
    plain = times.select(padded.str.to_datetime(_PLAIN, strict=False, time_unit="us", time_zone="UTC")
                         .dt.replace_time_zone(None).dt.truncate("1s")).to_series()
    if plain.null_count() == times.get_column("at").null_count():
        return pl.lit(plain)
    common = times.head(1000).select(pl.col("at").str.contains(r"^[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:").any()).item()
    return pl.coalesce(moment(text), common_moment(text)) if common else moment(text)


def combined_columns(lines: pl.DataFrame) -> pl.DataFrame:
    """The columns of read_log from lines in the combined format; status is null where a line is none of them.

    Those of Traefik's common format end with the milliseconds, and some servers write a virtual host in front.
    """
    import polars as pl

    # by the first lines: a pattern for both would cost each line of all other logs
    if lines.head(1000).select(pl.col("line").str.contains(_WITH_HOST).any()).item():
        found = _parts(lines, COMBINED_WITH_HOST)
        missed = found.get_column("status").is_null()
        if missed.any():
            found = pl.concat((found.filter(~missed), _parts(lines.filter(missed), COMBINED)))
    else:
        found = _parts(lines, COMBINED)
    missed = found.get_column("status").is_null()
    if missed.any():
        found = pl.concat((found.filter(~missed), _parts(lines.filter(missed), COMBINED_ODD_USER)))
    timed = found.head(1000).select(pl.col("line").str.contains(_TOOK).any()).item()
    took = pl.col("line").str.extract(_TOOK, 1).cast(pl.Float64, strict=False) if timed else pl.lit(None, pl.Float64)
    if not timed and found.head(1000).select(pl.col("line").str.contains(_TOOK_MS).any()).item():
        took = pl.col("line").str.extract(_TOOK_MS, 1).cast(pl.Float64, strict=False) / 1000
    path = pl.col("request").str.extract(r"^[A-Z]{1,20} ([^ ?#]+)", 1).fill_null(NOT_A_REQUEST)
    return found.select(
        common_moment(pl.col("time")).alias("at"), path.alias("path"), pl.col("status").cast(pl.Int32, strict=False),
        took.alias("seconds"), pl.col("address").fill_null(""), pl.lit("").alias("request_id"), "line")


def _parts(lines: pl.DataFrame, pattern: str) -> pl.DataFrame:
    import polars as pl

    part = pl.col("line").str.extract_groups(pattern).struct
    return lines.select("line", *(part.field(name) for name in ("address", "time", "request", "status")))


def text_columns(lines: pl.DataFrame) -> pl.DataFrame:
    """The columns of read_log from lines that begin with a time and hold the word for a level.

    A server's own lines about requests may stand among them: they have a time, and no level.
    """
    import polars as pl

    # colours stand directly before a level's word, and then it is none
    line = pl.col("line").str.replace_all(COLOURS, "")
    # a path may hold the word for a level, and a query a time
    asked = common_moment(line.str.extract(REQUEST_TIME, 1))
    begin = line.str.slice(0, 120)
    text_time = rf"({CLOCK}(?:Z|{NUMBER}| {any_zone()}\b)?)"
    level = pl.coalesce(line.str.extract(PHP_ERROR, 1).replace(PHP_ERRORS), begin.str.extract(TEXT_LEVEL, 1))
    message = line.str.replace(r"^[\[(]?" + text_time + r"[\])]?[\s:,-]*", "")
    return lines.select(
        pl.coalesce(asked, moment(begin.str.extract(text_time, 1).str.replace_all("/", "-"))).alias("at"),
        pl.when(asked.is_not_null()).then(pl.lit(""))
        .otherwise(severity(level.fill_null(""))).alias("level"), message.alias("message"),
        pl.lit("").alias("request_id"), pl.lit(None, pl.Float64).alias("seconds"), "line")


def severity(level: pl.Expr) -> pl.Expr:
    """A level's usual name in capitals; of an object as `{"name": "ERROR", "no": 40}` that name."""
    import polars as pl

    named = rf'"(?:{"|".join(LEVEL_NAMES)})"\s*:\s*"([^"]*)"'
    level = pl.when(level.str.starts_with("{")).then(level.str.extract(named, 1).fill_null("")).otherwise(level)
    upper = level.str.to_uppercase().str.strip_chars().str.replace(r"^(\d+)\.0+$", "${1}")
    return upper.replace(SEVERITIES)


def moment(text: pl.Expr) -> pl.Expr:
    """An ISO 8601 time, or seconds since 1970 or parts of them, in UTC and to the second; null where it is none.

    A time without a zone is in UTC; one whose zone is an abbreviation that several share is not known.
    """
    import polars as pl

    clock = (text.str.slice(0, 10) + " " + text.str.slice(11, 8)).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
    rest = text.str.slice(19)
    zone = rest.str.extract_groups(r"([+-])(\d\d)(?::?(\d\d))?$").struct
    offset = (zone.field("2").cast(pl.Int64) * 3600 + zone.field("3").cast(pl.Int64).fill_null(0) * 60) \
        * pl.when(zone.field("1") == "-").then(-1).otherwise(1)
    named = rest.str.extract(rf" ({any_zone()})$", 1)
    known = named.replace_strict(dict(zone_offsets()), default=None, return_dtype=pl.Int64)
    clock = pl.when(named.is_null() | known.is_not_null()).then(clock)
    # of milli-, micro- and nanoseconds only the length tells
    whole = pl.coalesce(text.str.extract(r"^(\d{10})(?:\d{3}|\d{6}|\d{9})?(?:\.\d*)?$", 1),
                        text.str.extract(r"^(\d{9})(?:\.\d*)?$", 1))
    number = whole.cast(pl.Int64, strict=False)
    dated = clock - pl.duration(seconds=pl.coalesce(offset, known, pl.lit(0)))
    return pl.coalesce(dated, pl.from_epoch(number, "s").cast(pl.Datetime("us"))).cast(pl.Datetime("us"))


def common_moment(text: pl.Expr) -> pl.Expr:
    """A time as access logs write it, in UTC; null where it is none."""
    import polars as pl

    return text.str.to_datetime("%d/%b/%Y:%H:%M:%S %z", strict=False, time_unit="us", time_zone="UTC") \
        .dt.replace_time_zone(None).cast(pl.Datetime("us"))


def replaced(text: pl.Expr, patterns: tuple[tuple[str, str], ...]) -> pl.Expr:
    """A text after these replacements, in their order."""
    return reduce(lambda changed, pair: changed.str.replace_all(*pair), patterns, text)
