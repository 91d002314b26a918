"""Severe lines in the backend's log since a moment, every rotated file included. Log text is never run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.environment.logs import log_file
from runbook_lib.platform.facts.container_logs import container_lines, logging_services
from runbook_lib.platform.facts.log_lines import NAMED_TIMES, TIMES, LogLine, sanitize, severe_line, time_of
from runbook_lib.platform.facts.server_clock import server_clock
from runbook_lib.platform.facts.time_zones import zone_table

_PROGRAM = programs.text("platform/compression.sh", "platform/held_files.sh", "platform/line_times.sh",
                         "platform/severe_lines.sh", "platform/log_lines.sh")
MOST_LINES = 2_000
LONGEST_LINE = 8_000
TIMEOUT_S = 300.0  # a gigabyte of compressed logs takes a minute
_NO_LOG = 66
_NUMBER = re.compile(r"\.(\d{1,4})(?:\.[A-Za-z]\w*)?$")


@dataclass(frozen=True)
class SevereLines:
    """The severe lines since the moment that was asked about, oldest first, of `files`, oldest first.

    `incomplete` says why there may be more, for example because a rotated file is gone; empty where all was read.
    `kept_since`: the moment from which on none is missing, in UTC, where nothing else is wrong; else None.
    """

    lines: tuple[LogLine, ...]
    files: tuple[str, ...] = ()
    incomplete: str = ""
    kept_since: datetime | None = None


@dataclass
class _File:
    name: str
    first: datetime | None = None
    last: datetime | None = None
    silence_s: float = 0.0


def errors_since(environment: Environment, since: datetime) -> Question[SevereLines | None]:
    """ERROR and CRITICAL lines of the backend's log since then, at most the last 2,000; None where there is no log.

    Raises FactUnreadable when the log cannot be read. Source: the backend's log on the server and its rotated files,
    whatever their names and compression; where containers write the application's logs, what Docker keeps of them.
    """
    if services := logging_services(environment):
        return Question(f"errors in the logs of {', '.join(services)}",
                        lambda connections: SevereLines(*container_lines(environment, services, since, connections)))

    path = log_file(environment.logs, "application")
    keys = next((one.fields for one in environment.logs.values() if path and one.path == path), {})
    level_key, time_key = keys.get("level", ""), keys.get("time", "")

    def fetch(connections: Connections) -> SevereLines | None:
        if not path:
            return None
        times = "\n".join((time_key,) if time_key else (*TIMES, *NAMED_TIMES))
        argv = ("bash", "-s", "--", path, str(int(since.timestamp())), str(LONGEST_LINE), str(MOST_LINES), times,
                level_key)
        command = Command(argv, stdin=lines_program(), accepts=(0, _NO_LOG), timeout_s=TIMEOUT_S)
        result = connections.server.run(command)
        return None if result.exit_code == _NO_LOG else \
            parse_lines(result.stdout.split("\n"), since, path, level_key, time_key)

    return Question("errors in the backend's log", fetch)


def errors_lately(environment: Environment, minutes: float) -> Question[SevereLines | None]:
    """The same of the last `minutes` by the server's clock, which dates the lines: ours may be wrong."""
    name = errors_since(environment, datetime.now(UTC)).name

    def fetch(connections: Connections) -> SevereLines | None:
        since = server_clock().fetch(connections).now - timedelta(minutes=minutes)
        return errors_since(environment, since).fetch(connections)

    return Question(name, fetch)


def lines_program() -> str:
    """The program that finds severe lines, with the time zones that it reads."""
    return f"TIME_ZONES='{zone_table()}'\n{_PROGRAM}"


def parse_lines(lines: Iterable[str], since: datetime, source: str = "", level_key: str = "",
                time_key: str = "") -> SevereLines:
    """The reply of log_lines.sh: severe lines at or after `since`, and whether everything since then was read.

    `source` is the log's path, shown with each line; the keys as the environment file names them for JSON.
    """
    reply = list(lines)
    # the clock that dates the lines
    now = next((datetime.fromtimestamp(int(one[2:]), UTC) for one in reply if one[:1] == "N"), None)

    def at_of(text: str) -> datetime | None:
        return time_of(text, now, time_key)

    files, marked, gaps = _sorted_out(reply, at_of)
    found = tuple(_severe([(mark, text, at_of(text)) for mark, text in marked], since, source, level_key))
    signs = [*dict.fromkeys(gaps), *_gaps(files, since)]
    begin = min((one.first for one in files if one.first is not None), default=None)
    begun_later = begin is not None and begin > since and len(signs) == 1
    return SevereLines(found, tuple(one.name for one in files), "; ".join(signs), begin if begun_later else None)


def _sorted_out(lines: Iterable[str], at_of: Callable[[str], datetime | None],
                ) -> tuple[list[_File], list[tuple[str, str]], list[str]]:
    """What the reply says about the files, the marked lines of the log, and what could not be read."""
    files: list[_File] = []
    marked, gaps = [], []
    for line in lines:
        mark, text = line[:1], line[2:]
        if mark == "F":
            files.append(_File(sanitize(text)))
        elif mark == "B" and files:
            files[-1].first = at_of(text)
        elif mark == "E" and files:
            files[-1].last = at_of(text)
        elif mark == "S" and files:
            files[-1].silence_s = float(text)
        elif mark == "G":
            gaps.append(sanitize(text))
        elif mark in ("X", "C", "D", "U") and text:
            marked.append((mark, text))
    return files, marked, gaps


def _severe(marked: list[tuple[str, str, datetime | None]], since: datetime, source: str,
            level_key: str) -> Iterable[LogLine]:
    """Severe lines from `since` on. A text line without a time is dated by its neighbours.

    Between a line before the moment and one after it, it may be either: it is shown without a time and proves nothing.
    """
    before: datetime | None = None
    for place, (mark, text, at) in enumerate(marked):
        if mark in ("X", "D") and (at is None or at >= since):
            one = severe_line(text, at, source, level_key, chosen=mark == "X")
            yield from (one,) if one else ()
        elif mark == "U" and (one := severe_line(text, at, source, level_key)):
            after = next((later for kind, _, later in marked[place + 1:] if kind != "U"), None)
            dated = at or (before if before is not None and before >= since else None)
            old = before is None or (after is not None and after < since)
            if dated is None and not old:
                yield replace(one, at=None)
            elif dated is not None and dated >= since:
                yield replace(one, at=dated)
        before = at or before


def _gaps(files: list[_File], since: datetime) -> Iterable[str]:
    """Signs that lines since the moment are gone."""
    dated = [one for one in files if one.first is not None]
    if not dated:
        yield "no line of the log has a time"
        return
    begin = min(one.first for one in dated if one.first is not None)
    if begin > since:
        yield f"the log begins at {begin:%Y-%m-%d %H:%M:%S} UTC, after that moment"
    numbers = sorted({int(found.group(1)) for one in files if (found := _NUMBER.search(one.name))})
    if (numbers and numbers != list(range(numbers[0], numbers[-1] + 1))) or (numbers and numbers[0] > 1):
        yield f"of the numbered files only {', '.join(map(str, numbers))} are there"
    usual = max((one.silence_s for one in dated), default=0.0)
    for earlier, later in pairwise(dated):
        if earlier.last is not None and later.first is not None:
            silent = later.first - earlier.last
            # a file that is gone leaves a longer silence than any within the files
            if silent > timedelta(hours=1) and silent.total_seconds() > 2 * usual:
                yield f"no line between {earlier.last:%Y-%m-%d %H:%M} and {later.first:%Y-%m-%d %H:%M} UTC"
