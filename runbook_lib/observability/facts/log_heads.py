"""Lines of text whose time is not written as ISO 8601, or whose level is not a word: read by how they begin.

Times: PHP and PHP-FPM (`[29-Nov-2026 06:10:11 UTC]`), Apache's errors (`[Sun Nov 29 06:10:11.123456 2026]`), uWSGI,
klog (`E1129 06:10:11.123456`), syslog (RFC 3164, with or without its `<34>`; RFC 5424), and seconds since 1970 or parts
of them. A time of day alone, as Serilog's `[06:10:11 ERR]`, dates nothing. What Docker wrote in front counts first.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from runbook_lib.observability.facts.log_formats import REQUEST_TIME, TEXT_LEVEL, moment, severity, text_columns
from runbook_lib.platform.facts.log_lines import CLOCK, COLOURS, NUMBER
from runbook_lib.platform.facts.time_zones import zone_offsets

if TYPE_CHECKING:
    import polars as pl
    from polars.expr.whenthen import ChainedThen, Then

# without a zone a time is taken for UTC, and may be ahead of it by 14 hours where it is not
_AHEAD = timedelta(days=1)
_OLDEST = timedelta(days=366)  # an older number at the beginning is rather a count or an id
_DOCKER = r"^(?:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) )?"
_OF_DAY = r"(?<clock>\d\d:\d\d:\d\d)"
_MONTHS = {name: f"{number:02}" for number, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)}
_MONTH = f"(?<month>{'|'.join(_MONTHS)})"
_DAY = r"(?<day>[ \d]\d)"
_SERILOG = r"^\[\d\d:\d\d:\d\d(?:\.\d+)? (VRB|DBG|INF|WRN|ERR|FTL)\]\s*"
_REQUEST = r"^\[pid: [^\]]*\] [^\[]*"  # of uWSGI; its path may hold the word for a level
_KLOG = r"^([IWEFD])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^ \]]+:\d+\] ?"
_APACHE = r"^\[[^\]]*\] \[(?:[a-z0-9_]*:)?(emerg|alert|crit|error|warn|notice|info|debug|trace)[1-8]?\]"
_PRIORITY = r"^<(\d{1,3})>"
_RFC_5424 = _PRIORITY.replace("(", "(?:") + r"1 "
_NUMBER = r"^\[?(\d{10}(?:\.\d{1,9})?|\d{13}|\d{16}|\d{19})[\]:]?\s"
_PHP = (rf"^\[(?<day>\d\d)-{_MONTH}-(?<year>\d{{4}}) {_OF_DAY}(?:\.\d+)?"
        r"(?: (?<zone>[A-Za-z][A-Za-z0-9_/+-]*))?\]\s*")
_CTIME = rf"\[[A-Z][a-z]{{2}} {_MONTH} {_DAY} {_OF_DAY}(?:\.\d+)? (?<year>\d{{4}})\]"
_SYSLOG = rf"^(?:<\d{{1,3}}>)?{_MONTH} {_DAY} {_OF_DAY} "
_FORMS = (_PHP, "^" + _CTIME, r"^\*{3} Starting uWSGI [^\[]*" + _CTIME, _REQUEST + _CTIME,
          rf"^[IWEFD](?<month>\d\d)(?<day>\d\d) {_OF_DAY}\.\d+ ", _SYSLOG)
# what stands before the message of syslog: the host, the program and its number
_SENDER = r"^[^ ]+ [^ :\[]+(?:\[[^\]]*\])?: "
# One anchored look for each line of any text: only those that begin so pay for the rest.
_BEGINS = (_DOCKER + r"(?:\[\d\d-[A-Z]|\[[A-Z][a-z]{2} [A-Z]|\*{3} Starting uWSGI|\[pid: |[IWEFD]\d{4} \d|<\d{1,3}>|"
           r"[A-Z][a-z]{2} [ \d]\d \d\d:|\[\d\d:\d\d:\d\d|\[?\d{10})")
_SHORT = {"I": "INFO", "W": "WARNING", "E": "ERROR", "F": "CRITICAL", "D": "DEBUG",
          "VRB": "TRACE", "DBG": "DEBUG", "INF": "INFO", "WRN": "WARNING", "FTL": "CRITICAL"}


def message_columns(lines: pl.DataFrame, now: datetime | None = None) -> pl.DataFrame:
    """The columns of text_columns, also for lines that begin in one of these ways; in another order.

    A time without a year is in the last one in which it is not after `now`, the present where it is left out.
    """
    import polars as pl

    begins = lines.get_column("line").str.contains(_BEGINS)
    if not begins.any():
        return text_columns(lines)
    own = _columns(lines.filter(begins), (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None))
    # as any other line: a number that dates nothing, a word that only looks like a month's, a request with its own time
    known = (pl.col("at").is_not_null() | pl.col("line").str.contains(_SERILOG)) \
        & ~pl.col("line").str.contains(REQUEST_TIME)
    return pl.concat((own.filter(known),
                      text_columns(pl.concat((lines.filter(~begins), own.filter(~known).select("line"))))))


def _columns(lines: pl.DataFrame, now: datetime) -> pl.DataFrame:
    import polars as pl

    text = pl.col("line").str.replace_all(COLOURS, "")
    heads = lines.select("line", text.str.extract(_DOCKER, 1).alias("docker"),
                         text.str.replace(_DOCKER, "").alias("text"))
    text = pl.col("text")
    iso = rf"{CLOCK}(?:Z|{NUMBER})?"
    body = text.str.replace(_SYSLOG, "").str.replace(_SENDER, "")
    # a program that writes its own time behind syslog's has the year, and mostly the zone
    inner = pl.when(text.str.contains(_SYSLOG)).then(body.str.extract(rf"^[\[(]?({iso})", 1).str.replace_all("/", "-"))
    at = pl.coalesce(moment(pl.col("docker")), moment(inner), moment(text.str.extract(rf"{_RFC_5424}({iso})", 1)),
                     _named_time(heads, now), _number(text, now))
    message = text
    for pattern in (_PHP, "^" + _CTIME + r"\s*", _KLOG, _SYSLOG, _SERILOG, _NUMBER,
                    _RFC_5424 + r"(?:\S+ ){5}(?:-|(?:\[[^\]]*\])+) ?"):
        message = message.str.replace(pattern, "")
    return heads.select(at.alias("at"), _level(text, message).alias("level"), message.alias("message"),
                        pl.lit("").alias("request_id"), pl.lit(None, pl.Float64).alias("seconds"), "line")


def _level(text: pl.Expr, message: pl.Expr) -> pl.Expr:
    """What the writer's own sign says; else the first word for a level, not in the names of a host or a program."""
    import polars as pl

    priority = text.str.extract(_PRIORITY, 1).cast(pl.Int64, strict=False)
    sign = pl.coalesce(text.str.extract(_KLOG, 1), text.str.extract(_SERILOG, 1)).replace(_SHORT)
    named = pl.when(text.str.contains(_SYSLOG)).then(message.str.replace(_SENDER, "")).otherwise(message)
    word = named.str.slice(0, 120).str.extract(TEXT_LEVEL, 1)
    level = pl.coalesce(sign, text.str.extract(_APACHE, 1),
                        pl.when(priority.is_between(0, 191)).then((priority % 8).cast(pl.String)), word)
    return pl.when(text.str.contains(_REQUEST)).then(pl.lit("")).otherwise(severity(level.fill_null("")))


def _number(text: pl.Expr, now: datetime) -> pl.Expr:
    """Seconds since 1970, or parts of them, of the last year: another number is none, nor one before a written time."""
    import polars as pl

    at = moment(text.str.extract(_NUMBER, 1))
    return pl.when(at.is_between(now - _OLDEST, now + _AHEAD) & ~text.str.contains(rf"^\S+\s+[\[(]?{CLOCK}")).then(at)


def _named_time(heads: pl.DataFrame, now: datetime) -> pl.Expr:
    """The time of the first of the forms that fits, in UTC."""
    import polars as pl

    times = []
    for form in _FORMS:
        part = pl.col("text").str.extract_groups(form).struct
        month = part.field("month").replace(_MONTHS)
        rest = pl.concat_str(pl.lit("-"), month, pl.lit("-"), part.field("day").str.replace(" ", "0"), pl.lit(" "),
                             part.field("clock"))
        if "<year>" in form:
            at = _clock(part.field("year") + rest)
            times.append(_in_utc(at, part.field("zone"), heads) if "<zone>" in form else at)
        else:
            this = _clock(pl.lit(str((now + _AHEAD).year)) + rest)
            before = _clock(pl.lit(str((now + _AHEAD).year - 1)) + rest)
            times.append(pl.when(this <= now + _AHEAD).then(this).otherwise(before))
    return pl.coalesce(times)


def _clock(text: pl.Expr) -> pl.Expr:
    return text.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")


def _in_utc(at: pl.Expr, zone: pl.Expr, heads: pl.DataFrame) -> pl.Expr:
    """A time in the zone of that name, `CET` or `Europe/Berlin` as PHP writes it; null where the name is not known."""
    import polars as pl

    shifted: Then | ChainedThen = pl.when(zone.is_null()).then(at)
    for name in heads.select(zone.alias("zone")).get_column("zone").drop_nulls().unique().sort():
        if name in (offsets := zone_offsets()):
            east = offsets[name]
            if east is not None:
                shifted = shifted.when(zone == name).then(at - pl.duration(seconds=east))
        elif name in available_timezones():
            local = at.dt.replace_time_zone(name, ambiguous="earliest", non_existent="null")
            shifted = shifted.when(zone == name).then(local.dt.convert_time_zone("UTC").dt.replace_time_zone(None))
    return shifted.otherwise(None)
