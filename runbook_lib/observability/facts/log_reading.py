"""Lines of a log as tables, piece by piece: a file far larger than memory, whatever its lines hold.

A line that cannot be read is counted, with a sample of what it was, and is never dropped silently.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from runbook_lib.core.foreign_json import read_object
from runbook_lib.environment.logs import LogFile
from runbook_lib.observability.facts.log_formats import combined_columns, json_columns, keys_of, numbers_in
from runbook_lib.observability.facts.log_heads import message_columns
from runbook_lib.observability.facts.log_pieces import pieces
from runbook_lib.observability.facts.log_window import LONGEST_LINE
from runbook_lib.platform.facts.line_heads import CLOCK, COLOURS
from runbook_lib.platform.facts.time_zones import any_zone

if TYPE_CHECKING:
    import polars as pl

PIECE_BYTES = 16 << 20
SAMPLES = 5  # of unreadable lines, for each reason
SAMPLE_CHARACTERS = 200
SMALLEST = 256  # lines; fewer are read one by one where they cannot be read together
TOO_LONG = f"longer than {LONGEST_LINE:,} bytes"
NOT_JSON, NOT_COMBINED = "not a JSON object", "not a line of an access log"
NO_STATUS, NO_TIME = "without a status from 100 to 599", "without a time that can be read"
SHARED_ZONE = "in a time zone whose name several share"
ACCESS_LINE = "of an access log among messages, in none of the formats (written as combined, they can be read)"
CONTINUED = "of a message in several lines, such as a traceback"
_CONTINUED = (r"^(?:\s+\S|Traceback \(most recent call last\)|During handling of the above|The above exception was|"
              r"Caused by: |[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning)(?::|$))")
# a request as access logs quote it, and its status: `[27/Nov/2026 22:02:39] "GET / HTTP/1.1" 200`
_REQUEST = r'"[A-Z]{3,10} [^"]* HTTP/[0-9.]+" [0-9]{3}(?: |$)'
KEYS_SAMPLE = 65_536  # bytes; each key that is read costs time


@dataclass
class Unreadable:
    """Lines that could not be read: how many for each reason, and the beginnings of a few."""

    counts: dict[str, int] = field(default_factory=dict)
    samples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    def add(self, reason: str, lines: list[str], count: int | None = None) -> None:
        """Count lines; of those given, a few are kept."""
        number = len(lines) if count is None else count
        if number:
            self.counts[reason] = self.counts.get(reason, 0) + number
            kept = self.samples.setdefault(reason, [])
            kept += [line[:SAMPLE_CHARACTERS] for line in lines[:SAMPLES - len(kept)]]


def read_log(file: BinaryIO, log: LogFile, unreadable: Unreadable) -> Iterator[pl.DataFrame]:
    """The readable lines of a log, about 16 MB at a time, as tables.

    Of an access log: at, path, status, seconds, address, request_id. Of messages: at, level, message, request_id.
    `at` is UTC, to the second. What else there was is added to `unreadable`.
    """
    for piece in pieces(file, PIECE_BYTES, lambda: unreadable.add(TOO_LONG, [], 1)):
        lines, piece = _lines_of(piece, unreadable)
        if lines.height:
            yield _read(lines, piece, log, unreadable)


def _lines_of(piece: bytes, unreadable: Unreadable) -> tuple[pl.DataFrame, bytes]:
    """The lines that are not empty and not too long; and all of them as bytes, empty where some were left out."""
    import polars as pl

    try:
        lines = pl.read_lines(io.BytesIO(piece), name="line")
    except pl.exceptions.ComputeError:  # bytes that are not UTF-8: shown as what they are, a line or two
        piece = piece.decode("utf-8", "replace").encode()
        lines = pl.read_lines(io.BytesIO(piece), name="line")
    size = pl.col("line").str.len_bytes()
    too_long = lines.select((size >= LONGEST_LINE).sum()).item()
    unreadable.add(TOO_LONG, [], too_long)
    # of a line that was cut nothing is kept: its end may be a piece of a secret
    kept = lines.filter((size < LONGEST_LINE) & (pl.col("line").str.strip_chars() != ""))
    return kept, piece if kept.height == lines.height else b""


def _read(lines: pl.DataFrame, piece: bytes, log: LogFile, unreadable: Unreadable) -> pl.DataFrame:
    import polars as pl

    as_json = log.format in ("json", "caddy") or (log.format == "traefik" and _is_an_object(lines))
    if as_json:
        if b"\x1b" in piece or not piece:  # no JSON has it as it is: colours for a terminal
            lines, piece = lines.with_columns(pl.col("line").str.replace_all(COLOURS, "")), b""
        keys = keys_of(log, piece[:KEYS_SAMPLE] if log.kind == "access" else b"")
        values, rest = _objects(lines, piece, keys, numbers_in(log, keys, piece[:KEYS_SAMPLE]))
        found, rest = _with_texts(json_columns(values, log), rest, log)
        _set_aside(rest, NOT_JSON, unreadable)
        if log.kind == "access" and _has_gaps(found) and len(keys) < len(keys_of(log)):
            # another writer's lines, further on in the same file
            found = json_columns(_objects(lines, piece, keys_of(log))[0], log)
    else:
        found = combined_columns(lines) if log.kind == "access" else message_columns(lines)
    if log.kind == "access":
        good = pl.col("status").is_between(100, 599)
        wrong = NO_STATUS if as_json else NOT_COMBINED
        _set_aside(found.filter(~good.fill_null(False)), wrong, unreadable)
        found = found.filter(good)
    _set_aside_undated(found.filter(pl.col("at").is_null()), log, unreadable)
    return found.filter(pl.col("at").is_not_null()).drop("line")


def _is_an_object(lines: pl.DataFrame) -> bool:
    """Whether the first line of a log whose format its writer may choose is JSON."""
    return str(lines.get_column("line").item(0)).lstrip().startswith("{")


def _set_aside(lines: pl.DataFrame, reason: str, unreadable: Unreadable) -> None:
    unreadable.add(reason, lines.get_column("line").head(SAMPLES).to_list(), lines.height)


def _set_aside_undated(lines: pl.DataFrame, log: LogFile, unreadable: Unreadable) -> None:
    """Lines without a time, each for its own reason: what is to be done about it differs."""
    import polars as pl

    reasons = [(SHARED_ZONE, rf"{CLOCK} {any_zone()}\b")]
    if log.kind == "application":
        reasons.append((ACCESS_LINE, _REQUEST))
    if log.format == "text":
        reasons.append((CONTINUED, _CONTINUED))
    for reason, pattern in reasons if lines.height else ():
        fits = pl.col("line").str.contains(pattern)
        _set_aside(lines.filter(fits), reason, unreadable)
        lines = lines.filter(~fits)
    _set_aside(lines, NO_TIME, unreadable)


def _with_texts(found: pl.DataFrame, rest: pl.DataFrame, log: LogFile) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The messages, with those that another writer left as text: a server, as a rule, whose code writes JSON."""
    import polars as pl

    if log.kind != "application" or not rest.height:
        return found, rest
    texts = message_columns(rest)
    # what begins as an object is a part of one
    dated = pl.col("at").is_not_null() & ~pl.col("line").str.contains(r"^\s*\{")
    return pl.concat((found, texts.filter(dated))), texts.filter(~dated).select("line")


def _has_gaps(found: pl.DataFrame) -> bool:
    return found.get_column("at").null_count() + found.get_column("status").null_count() > 0


def _objects(lines: pl.DataFrame, piece: bytes, keys: tuple[str, ...],
             numbers: frozenset[str] = frozenset()) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The values of these keys, as texts (`numbers` as such, where all are), with the line; and those that are none.

    Many lines are read together; only where that fails, halves of them, until the bad ones are alone.
    """
    import polars as pl

    empty = lines.head(0)
    # what is not a number would be read as nothing
    if piece and numbers and (values := _together(piece, lines, keys, numbers)) is not None \
            and not any(values.get_column(key).null_count() for key in numbers):
        return values, empty
    if piece and (values := _together(piece, lines, keys)) is not None:
        return values, empty
    line = pl.col("line").str.strip_chars()
    likely = line.str.starts_with("{") & line.str.ends_with("}")
    good, bad = lines.filter(likely), [lines.filter(~likely)]
    read: list[pl.DataFrame] = []
    waiting = [good] if good.height else []
    while waiting:
        part = waiting.pop()
        values = _together("\n".join(part.get_column("line").to_list()).encode(), part, keys)
        if values is not None:
            read.append(values)
        elif part.height > SMALLEST:
            half = part.height // 2
            waiting += [part[half:], part[:half]]
        else:
            ones, others = _one_by_one(part, keys)
            read.append(ones)
            bad.append(others)
    schema = dict.fromkeys((*keys, "line"), pl.String)
    return pl.concat(read) if read else pl.DataFrame(schema=schema), pl.concat(bad)


def _together(text: bytes, lines: pl.DataFrame, keys: tuple[str, ...],
              numbers: frozenset[str] = frozenset()) -> pl.DataFrame | None:
    """The values of all lines; None where one of them is not a JSON object."""
    import polars as pl

    try:
        schema = {key: pl.Float64 if key in numbers else pl.String for key in keys}
        values = pl.read_ndjson(io.BytesIO(text), schema=schema, ignore_errors=True)
    except pl.exceptions.PolarsError:
        return None
    line = lines.get_column("line").str
    likely = line.starts_with("{").all() or line.contains(r"^\s*\{").all()
    if not likely or values.height != lines.height:
        return None
    return values.with_columns(lines.get_column("line"))


def _one_by_one(lines: pl.DataFrame, keys: tuple[str, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    import polars as pl

    good: list[dict[str, str | None]] = []
    bad: list[str] = []
    for line in lines.get_column("line"):
        try:
            entry = read_object(line, strict=False)
        except ValueError:
            bad.append(line)
        else:
            good.append({**{key: _as_text(entry.get(key)) for key in keys}, "line": line})
    return (pl.DataFrame(good, schema=dict.fromkeys((*keys, "line"), pl.String)),
            pl.DataFrame({"line": bad}, schema={"line": pl.String}))


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        # half a surrogate pair can be written nowhere
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None
    return json.dumps(value, ensure_ascii=True)
