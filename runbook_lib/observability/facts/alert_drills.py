"""What drills of alerts showed: the record on the server, a line a drill, with samples of the path meanwhile."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.foreign_json import read_records
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import pluralize, printable
from runbook_lib.core.times import parse_time
from runbook_lib.environment import Environment
from runbook_lib.observability.facts.alert_timeline import AlertPath, Sample, follow

RECENT_DRILLS = 30
DRILL_REST = timedelta(minutes=2)  # until memory and disk that a drill gave back are scraped as free again
LONGEST_S, FIRST_YEAR = 7 * 86_400.0, 2020  # what is beyond stands in a damaged line
DONE = "done"  # the program's word for a drill that reached its end


@dataclass(frozen=True)
class AlertDrillRecord:
    """One drill. `not_provoked` has the reason a condition; `undone`: nothing of it was left."""

    at: datetime
    run_id: str
    outcome: str
    message: str
    seconds: float
    undone: bool
    for_s: float
    paths: tuple[AlertPath, ...]
    not_provoked: Mapping[str, str]

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of what was to be provoked."""
        return (*(one.name for one in self.paths), *(name for name in self.not_provoked if not self.path(name)))

    def path(self, name: str) -> AlertPath | None:
        """The path of one condition; None where it was not provoked."""
        return next((one for one in self.paths if one.name == name), None)

    @property
    def whole(self) -> bool:
        """Whether something was provoked, and all of it arrived through each channel, and its end."""
        return self.outcome == DONE and self.undone and bool(self.paths) and all(one.arrived for one in self.paths)

    @property
    def answer(self) -> str:
        """It in a sentence; the time is that of the slowest channel, since the condition was true."""
        arrived = [one for one in self.paths if one.arrived]
        channels = ", ".join(sorted({kind for one in arrived for kind in one.sent}))
        seconds = [max(at for at in one.sent.values() if at is not None) - one.begun for one in arrived if one.sent]
        missing = [name for name in self.conditions if name not in {one.name for one in arrived}]
        all_of_them = pluralize(len(self.conditions), "condition")
        text = f"{len(arrived)} of {all_of_them} reached the team, with the end of each"
        if seconds:
            spread = " to ".join(dict.fromkeys(f"{one:.0f}" for one in (min(seconds), max(seconds))))
            text += f": through {channels}, {spread} s after the condition was true"
        return f"{text}. Not: {', '.join(missing)}." if missing else f"{text}."

    @property
    def rows(self) -> tuple[dict[str, str], ...]:
        """One row a condition."""
        head = {"drill": f"{self.at:%Y-%m-%d %H:%M} UTC"}
        return (*(head | one.row for one in self.paths),
                *(head | {"alert": name, "fires": f"not provoked: {why}"} for name, why in self.not_provoked.items()
                  if not self.path(name)))


@dataclass(frozen=True)
class DrillTime:
    """An alert drill from `begin` to `end`, by the server's clock in UTC; of each alert that it provoked, from when to
    when its condition was made true.
    """

    begin: datetime
    end: datetime
    provoked: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict, compare=False)

    def covers(self, at: datetime) -> bool:
        """Whether what was measured then may be what the drill made: also a moment later, until it is scraped again."""
        return self.begin - DRILL_REST <= at <= self.end + DRILL_REST


@dataclass(frozen=True)
class AlertDrills:
    """All recorded drills, oldest first, and how many lines could not be read."""

    drills: tuple[AlertDrillRecord, ...] = ()
    unreadable: int = 0

    def added_since(self, earlier: AlertDrills) -> AlertDrills:
        """Those that are not in an earlier survey."""
        known = {(one.run_id, one.at) for one in earlier.drills}
        return AlertDrills(tuple(one for one in self.drills if (one.run_id, one.at) not in known))

    @property
    def last_whole(self) -> AlertDrillRecord | None:
        """The newest in which all that was provoked arrived; None where there is none."""
        return next((one for one in reversed(self.drills) if one.whole), None)

    @property
    def rows(self) -> tuple[dict[str, str], ...]:
        """One row a condition, newest drill first."""
        return tuple(row for one in reversed(self.drills) for row in one.rows)

    @property
    def answer(self) -> str:
        """The newest drill in a sentence: which conditions arrived, through which channels, and how soon."""
        return self.drills[-1].answer if self.drills else "No drill took place."


def survey_drills(environment: Environment) -> Question[AlertDrills]:
    """The recorded drills; none is an empty value. Raises FactUnreadable."""
    path = f"{environment.server.directory}/.runbook/alert-drills.jsonl"
    # `cat` of a file that is not there is an error; `find` is not
    command = Command(("find", f"{environment.server.directory}/.runbook/", "-maxdepth", "1", "-name",
                       "alert-drills.jsonl", "-exec", "tail", "-n", str(RECENT_DRILLS), path, ";"))

    def fetch(connections: Connections) -> AlertDrills:
        return parse_drills(connections.server.run(command).stdout)

    return Question("alert drills", fetch)


def drill_times(environment: Environment) -> Question[tuple[DrillTime, ...]]:
    """When drills were, oldest first. Raises as `survey_drills`."""
    drills = survey_drills(environment)
    # the record is written at a drill's end
    return Question(drills.name, lambda connections: tuple(
        _time_of(one) for one in drills.fetch(connections).drills))


def _time_of(record: AlertDrillRecord) -> DrillTime:
    begin = record.at - timedelta(seconds=record.seconds)
    return DrillTime(begin, record.at, {
        one.name: (begin + timedelta(seconds=one.begun),
                   record.at if one.ended is None else begin + timedelta(seconds=one.ended)) for one in record.paths})


def parse_drills(text: str) -> AlertDrills:
    """The lines of alert-drills.jsonl; a line that is not a record is counted, never taken for a drill."""
    return AlertDrills(*read_records(text, _drill))


def _drill(data: dict[str, Any]) -> AlertDrillRecord:
    if data["format"] != 1:
        raise ValueError("not a record of format 1")
    channels = {str(name): tuple((str(kind), bool(tells_end)) for kind, tells_end in listed)
                for name, listed in data["channels"].items()}
    samples = tuple(Sample.read(one) for one in data["samples"])
    begun = {str(name): float(at) for name, at in data["provoked"].items()}
    paths = follow(begun, {str(name): float(at) for name, at in data["ended"].items()}, samples, channels)
    at, seconds = parse_time(data["at"]), float(data["seconds"])
    if not 0 <= seconds <= LONGEST_S or at.year < FIRST_YEAR:
        raise ValueError("not a time of a drill")
    return AlertDrillRecord(
        at=at, run_id=str(data["run_id"]), outcome=str(data["outcome"]),
        message=_decoded(data["message"]), seconds=seconds, undone=bool(data["undone"]),
        for_s=float(data["for_s"]), paths=paths,
        not_provoked={str(name): _decoded(why) for name, why in data["not_provoked"].items()},
    )


def _decoded(text: str) -> str:
    return " ".join(printable(base64.b64decode(text, validate=True).decode("utf-8", "replace")).split())
