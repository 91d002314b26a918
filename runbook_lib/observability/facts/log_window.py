"""Which lines of which logs there are for a window of time, and the lines themselves, cut on the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import BadParameter, FactUnreadable
from runbook_lib.core.findings import Finding, finding, not_applicable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import lines_of, printable, readable_size
from runbook_lib.environment import Environment
from runbook_lib.environment.logs import LogFile
from runbook_lib.environment.services import COLOURS
from runbook_lib.observability.facts.log_formats import candidates
from runbook_lib.observability.facts.review_window import check_deadline, parse_until
from runbook_lib.platform.facts.availability import Unanswered, with_deadline
from runbook_lib.platform.facts.server_clock import server_clock
from runbook_lib.platform.facts.time_zones import named_zone_table, zone_table

_PROGRAM = programs.text("platform/compression.sh", "platform/held_files.sh", "platform/line_times.sh",
                         "observability/log_window.sh")
LONGEST_LINE = 32_768  # bytes; a longer line is cut on the server, so none of it is shown: a secret may be cut in two
MEGABYTE = 1_000_000
GROWTH = 64 * MEGABYTE  # what may be written between the survey and the transfer
SIZE, NO_LOGS = "the logs fit", "the environment file names no logs"
# why a log gives no lines, by the states of log_window.sh
NO_LINES = {
    "missing": "there is no such log",
    "dangling": "it is a link to a file that does not exist",
    "folder": "it is a folder",
    "special": "it is neither a file nor a link to one (a pipe, socket or device)",
    "unreadable": "the server's user may not read it",
}


@dataclass(frozen=True)
class LogFilePart:
    """A file of a log, with the bytes of its lines in the window; of a compressed file, before compression."""

    name: str
    size_bytes: int


@dataclass(frozen=True)
class LogSize:
    """What a log has in the window. `state` is "ok", or one of NO_LINES; `gaps` say what cannot be read."""

    log: str
    place: str
    state: str
    files: tuple[LogFilePart, ...] = ()
    packed_percent: int = 100
    gaps: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Bytes of log lines."""
        return sum(one.size_bytes for one in self.files)

    @property
    def transfer_bytes(self) -> int:
        """About how many bytes come over the link, compressed as the first megabyte can be."""
        return self.size_bytes * self.packed_percent // 100

    @property
    def reason(self) -> str:
        """Why it gives no lines; empty where it does."""
        return NO_LINES.get(self.state, "")

    @property
    def row(self) -> dict[str, str]:
        """For a table."""
        return {"where": self.place, "files": str(len(self.files)), "log lines": readable_size(self.size_bytes),
                "over the link, about": readable_size(self.transfer_bytes),
                "not read, because": "; ".join(one for one in (self.reason, *self.gaps) if one)}


@dataclass(frozen=True)
class LogSurvey:
    """All logs of the environment file in the window from `since` to `until`, by name; `clock` as ServerClock.words."""

    since: datetime
    until: datetime
    logs: Mapping[str, LogSize | Unanswered]
    clock: str = ""

    @property
    def size_bytes(self) -> int:
        """Bytes of log lines in all logs."""
        return sum(one.size_bytes for one in self.known)

    @property
    def known(self) -> tuple[LogSize, ...]:
        """The logs that could be asked about."""
        return tuple(one for one in self.logs.values() if isinstance(one, LogSize))

    @property
    def rows(self) -> tuple[dict[str, str], ...]:
        """For a table: what there is, and what will come over the link."""
        return tuple({"log": name, **(one.row if isinstance(one, LogSize) else {"not read, because": one.reason})}
                     for name, one in self.logs.items())

    def fits(self, maximum_mb: float) -> Finding:
        """Whether the log lines are no more than may come over the link: to be asked before anything is sent."""
        if not self.logs:
            return not_applicable(SIZE, NO_LOGS)
        unknown = [name for name, one in self.logs.items() if isinstance(one, Unanswered)]
        return finding(
            SIZE, self.size_bytes <= maximum_mb * MEGABYTE,
            measured="; ".join((f"{readable_size(self.size_bytes)} of log lines",
                                *(f"not known, and not read: {name}" for name in unknown))),
            expected=f"at most {maximum_mb:g} MB (maximum_mb)",
            next_step="Nothing has come yet. Give fewer hours, or an earlier end (until), or a larger maximum_mb.")

    @property
    def sentence(self) -> str:
        """How much will come, before it comes."""
        transfer = sum(one.transfer_bytes for one in self.known)
        return (f"{readable_size(self.size_bytes)} of log lines from {self.since:%Y-%m-%d %H:%M} to "
                f"{self.until:%Y-%m-%d %H:%M} UTC{', ' * bool(self.clock)}{self.clock}; "
                f"about {readable_size(transfer)} come over the link.")


def survey_logs(environment: Environment, hours: float = 24.0, until: str = "",
                deadline_s: float = 120.0) -> Question[LogSurvey]:
    """How much each log has in the `hours` before `until` (a time in UTC; empty: now). Reads no line of a log.

    A log that does not answer within `deadline_s` is missing, and the others are there. Raises BadParameter for a
    window or deadline that is none, FactUnreadable where no log answers. Source: the server's files, and Docker.
    """
    now = datetime.now(UTC)
    asked = parse_until(until, now)
    _begin(asked or now, hours)
    check_deadline(deadline_s, "a gigabyte of lines")

    def fetch(connections: Connections) -> LogSurvey:
        clock = with_deadline(server_clock(), deadline_s).fetch(connections)
        # its lines are dated by its own clock: by ours the last of them, or all, would be left out
        end = asked or (now if isinstance(clock, Unanswered) else clock.now).replace(microsecond=0)
        since = _begin(end, hours)
        parts = {key: _survey(environment, key, one, since, end, deadline_s) for key, one in environment.logs.items()}
        found = {key: with_deadline(one, deadline_s).fetch(connections) for key, one in parts.items()}
        _must_be_known(found)
        return LogSurvey(since, end, found, "" if isinstance(clock, Unanswered) else clock.words)

    return Question("logs in the window", fetch)


def download_log(environment: Environment, survey: LogSurvey, name: str, to: Path, connections: Connections,
                 deadline_s: float) -> tuple[str, ...]:
    """Write the log's lines in the window to the file `to`, gzipped; returns what could not be read, in words.

    Raises FactUnreadable, CommandTimedOut, LinkDropped.
    """
    size = survey.logs[name]
    if not isinstance(size, LogSize):
        raise FactUnreadable(size.reason, where=name, next_step=size.next_step)
    most = size.size_bytes + GROWTH
    command = _command(environment, environment.logs[name], "send", survey, most, deadline_s)
    return _gaps(connections.server.download(command, to, limit_bytes=most + MEGABYTE).stderr)


def parse_size(text: str, errors: str, log: str, place: str) -> LogSize:
    """The reply of log_window.sh about one log. Raises FactUnreadable."""
    state, files, percent = "", [], 100
    for line in lines_of(text):
        mark, _, rest = line.partition(" ")
        try:
            if mark == "S":
                state = rest
            elif mark == "F":
                size, _, name = rest.partition(" ")
                files.append(LogFilePart(printable(name), int(size)))
            elif mark == "Z":
                percent = min(100, int(rest))
        except ValueError:
            state = ""
            break
    if state not in ("ok", *NO_LINES):
        raise FactUnreadable("the size of a log was reported in an unknown form", where=place)
    return LogSize(log, place, state, tuple(files), percent, _gaps(errors))


def _survey(environment: Environment, name: str, log: LogFile, since: datetime, until: datetime,
            deadline_s: float) -> Question[LogSize]:
    place = place_of(log)
    command = _command(environment, log, "size", LogSurvey(since, until, {}), 0, deadline_s)

    def fetch(connections: Connections) -> LogSize:
        result = connections.server.run(command)
        return parse_size(result.stdout, result.stderr, name, place)

    return Question(f"the log {name}", fetch)


def place_of(log: LogFile) -> str:
    """Where it lies, for people."""
    return log.path or f"containers of {log.service}"


def _command(environment: Environment, log: LogFile, mode: str, window: LogSurvey, most: int,
             deadline_s: float) -> Command:
    source = ("file", log.path) if log.path else ("service", environment.project, *_services(environment, log.service))
    words = (mode, str(int(window.since.timestamp())), str(int(window.until.timestamp())), str(LONGEST_LINE),
             str(most), "\n".join(_time_keys(log)), *(str(word) for word in source))
    return Command(("bash", "-s", "--", *words), stdin=window_program(), timeout_s=deadline_s)


def _time_keys(log: LogFile) -> tuple[str, ...]:
    """The keys that a line of JSON may have its time behind: of the record that loguru writes, the one in it."""
    return tuple("repr" if key == "record" else key for key in candidates(log, "time"))


def window_program() -> str:
    """The program that cuts a window out of a log, with the time zones that it reads."""
    return f"TIME_ZONES='{zone_table()}'\nNAMED_ZONES='{named_zone_table()}'\n{_PROGRAM}"


def _services(environment: Environment, name: str | None) -> tuple[str, ...]:
    """A service's names in Compose: one for each colour where it has colours."""
    service = environment.services[str(name)]
    return tuple(f"{name}-{colour}" for colour in COLOURS) if service.coloured else (str(name),)


def _gaps(errors: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(printable(line[2:]) for line in lines_of(errors) if line.startswith("G ")))


def _must_be_known(found: Mapping[str, LogSize | Unanswered]) -> None:
    unanswered = [one for one in found.values() if isinstance(one, Unanswered)]
    # nothing is known: 0 bytes would be a size, and within every limit
    if unanswered and len(unanswered) == len(found):
        reasons = "; ".join(dict.fromkeys(one.reason for one in unanswered))
        raise FactUnreadable(reasons, where=f"logs {', '.join(found)}",
                             next_step=next((one.next_step for one in unanswered if one.next_step), ""))


def _begin(until: datetime, hours: float) -> datetime:
    try:
        if hours > 0:
            return until - timedelta(hours=hours)
    except (OverflowError, ValueError):  # a number of hours that no calendar has, or none at all
        pass
    raise BadParameter(f"hours: {hours:g} hours are not a window of time.", where="the parameter hours",
                       next_step="Give more than 0 hours, at most as many as logs are kept.")
