"""Lines of text whose time is not written as ISO 8601, or whose level is not a word: read by how they begin.

Which ways there are says platform/facts/line_heads.py; here they are read as columns. What Docker wrote in front
counts first.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from runbook_lib.observability.facts.log_formats import TEXT_LEVEL, moment, severity, text_columns
from runbook_lib.platform.facts import line_heads as heads_of
from runbook_lib.platform.facts.line_heads import AHEAD, COLOURS, CTIME, DOCKER, KLOG, PHP, SERILOG, SYSLOG
from runbook_lib.platform.facts.time_zones import zone_offsets

if TYPE_CHECKING:
    import polars as pl
    from polars.expr.whenthen import ChainedThen, Then

_APACHE = r"^\[[^\]]*\] \[(?:[a-z0-9_]*:)?(emerg|alert|crit|error|warn|notice|info|debug|trace)[1-8]?\]"
_CAPITALS = r"\b(EMERG|ALERT|FATAL|PANIC|CRIT|CRITICAL|ERROR|ERR|WARNING|WARN|NOTICE|INFO|DEBUG|TRACE)\b"


def message_columns(lines: pl.DataFrame, now: datetime | None = None) -> pl.DataFrame:
    """The columns of text_columns, also for lines that begin in one of these ways; in another order.

    A time without a year is in the last one in which it is not after `now`, the present where it is left out.
    """
    import polars as pl

    begins = lines.get_column("line").str.contains(heads_of.BEGINS)
    if not begins.any():
        return text_columns(lines)
    own = _columns(lines.filter(begins), (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None))
    # as any other line: a number that dates nothing, a word that only looks like a month's, a request with its own time
    known = (pl.col("at").is_not_null() | pl.col("line").str.contains(SERILOG) | pl.col("line").str.contains(PHP)) \
        & ~pl.col("line").str.contains(heads_of.REQUEST_TIME)
    return pl.concat((own.filter(known),
                      text_columns(pl.concat((lines.filter(~begins), own.filter(~known).select("line"))))))


def _columns(lines: pl.DataFrame, now: datetime) -> pl.DataFrame:
    import polars as pl

    text = pl.col("line").str.replace_all(COLOURS, "")
    heads = lines.select("line", text.str.extract(DOCKER, 1).alias("docker"),
                         text.str.replace(DOCKER, "").alias("text"))
    text = pl.col("text")
    body = text.str.replace(SYSLOG, "").str.replace(heads_of.SENDER, "")
    # a program that writes its own time behind syslog's has the year, and mostly the zone
    inner = pl.when(text.str.contains(SYSLOG)).then(body.str.extract(heads_of.SENT_TIME, 1).str.replace_all("/", "-"))
    at = pl.coalesce(moment(pl.col("docker")), moment(inner), moment(text.str.extract(heads_of.RFC_5424_TIME, 1)),
                     _named_time(heads, now), _number(text, now))
    message = text
    for pattern in (PHP, "^" + CTIME + r"\s*", KLOG, SYSLOG, SERILOG, heads_of.EPOCH, heads_of.RFC_5424_HEAD):
        message = message.str.replace(pattern, "")
    return heads.select(at.alias("at"), _level(text, message).alias("level"), message.alias("message"),
                        pl.lit("").alias("request_id"), pl.lit(None, pl.Float64).alias("seconds"), "line")


def _level(text: pl.Expr, message: pl.Expr) -> pl.Expr:
    """What the writer's own sign says; else the first word for a level, not in the names of a host or a program."""
    import polars as pl

    number = text.str.extract(heads_of.PRIORITY, 1).cast(pl.Int64, strict=False)
    priority = pl.when(number.is_between(0, heads_of.MOST_PRIORITY)).then((number % 8).cast(pl.String))
    sign = pl.coalesce(text.str.extract(KLOG, 1), text.str.extract(SERILOG, 1)).replace(heads_of.SIGNS)
    named = pl.when(text.str.contains(SYSLOG)).then(message.str.replace(heads_of.SENDER, "")).otherwise(message)
    begin = named.str.slice(0, 120)
    # a logging driver gives all lines of a stream the same priority: a program's own level in capitals says more
    strict = pl.when(priority.is_not_null()).then(begin.str.extract(_CAPITALS, 1))
    level = pl.coalesce(sign, text.str.extract(heads_of.PHP_ERROR, 1).replace(heads_of.PHP_ERRORS),
                        text.str.extract(_APACHE, 1), strict, priority, begin.str.extract(TEXT_LEVEL, 1))
    return pl.when(text.str.contains(heads_of.UWSGI_REQUEST)).then(pl.lit("")).otherwise(severity(level.fill_null("")))


def _number(text: pl.Expr, now: datetime) -> pl.Expr:
    """Seconds since 1970, or parts of them, of the last year: another number is none, nor one before a written time."""
    import polars as pl

    at = moment(text.str.extract(heads_of.EPOCH, 1))
    of_last_year = at.is_between(now - heads_of.OLDEST, now + AHEAD)
    return pl.when(of_last_year & ~text.str.contains(heads_of.BEFORE_A_TIME)).then(at)


def _named_time(heads: pl.DataFrame, now: datetime) -> pl.Expr:
    """The time of the first of the forms that fits, in UTC."""
    import polars as pl

    times = []
    for form in heads_of.FORMS:
        part = pl.col("text").str.extract_groups(form).struct
        month = part.field("month").replace(heads_of.MONTHS)
        rest = pl.concat_str(pl.lit("-"), month, pl.lit("-"), part.field("day").str.replace(" ", "0"), pl.lit(" "),
                             part.field("clock"))
        if "<year>" in form:
            at = _clock(part.field("year") + rest)
            times.append(_in_utc(at, part.field("zone"), heads) if "<zone>" in form else at)
        else:
            this = _clock(pl.lit(str((now + AHEAD).year)) + rest)
            before = _clock(pl.lit(str((now + AHEAD).year - 1)) + rest)
            times.append(pl.when(this <= now + AHEAD).then(this).otherwise(before))
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
