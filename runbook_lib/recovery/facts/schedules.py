"""Which jobs the server runs by itself: when they are due, what is installed of them, and how the last run went."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.times import from_epoch
from runbook_lib.environment import Environment

DAY_S = 86_400
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
TOLERANCE = timedelta(minutes=2)
CRON_BEGIN = "# BEGIN gw2 schedules: written by notebook 34; changes between these lines are lost"
CRON_END = "# END gw2 schedules"


@dataclass(frozen=True)
class Schedule:
    """A job and its times: every `every_s` seconds since the epoch, `offset_s` later; no summer time moves them."""

    name: str
    when: str
    every_s: int
    offset_s: int
    maximum_age_h: int

    def slot_before(self, now: datetime) -> datetime:
        """The newest time of the schedule that is not after `now`."""
        seconds = int(now.timestamp())
        return datetime.fromtimestamp(seconds - (seconds - self.offset_s) % self.every_s, UTC)

    def next_run(self, now: datetime) -> datetime:
        """The first time of the schedule after `now`."""
        return self.slot_before(now) + timedelta(seconds=self.every_s)

    @property
    def on_calendar(self) -> str:
        """The same times as systemd writes them. Source: systemd.time(7), calendar events."""
        at = f"{self.offset_s % DAY_S // 3600:02d}:{self.offset_s % 3600 // 60:02d}:00 UTC"
        return f"*-*-* {at}" if self.every_s == DAY_S else f"{self._weekday[:3]} *-*-* {at}"

    @property
    def _weekday(self) -> str:
        return WEEKDAYS[(self.offset_s // DAY_S + EPOCH_WEEKDAY) % 7]


def planned_schedules(environment: Environment) -> tuple[Schedule, ...]:
    """The schedules that the environment asks for."""
    daily, weekly = environment.backup, environment.configuration_backup
    weekday = (WEEKDAYS.index(weekly.weekly_on) - EPOCH_WEEKDAY) % 7
    return (
        Schedule("backup_database", f"daily at {daily.daily_at} UTC", DAY_S, _seconds(daily.daily_at),
                 daily.maximum_age_h),
        Schedule("backup_configuration", f"{weekly.weekly_on}s at {weekly.weekly_at} UTC", 7 * DAY_S,
                 weekday * DAY_S + _seconds(weekly.weekly_at), weekly.maximum_age_h),
    )


@dataclass(frozen=True)
class JobStatus:
    """What the last run of a scheduled job said about itself. `outcome`: running, succeeded, failed or refused."""

    outcome: str
    exit_code: int
    started: datetime
    seconds: int
    last_success: datetime | None
    message: str
    file: str
    trigger: str


@dataclass(frozen=True)
class SchedulesOnServer:
    """What the server has. `has`: systemd, linger, user-manager, crontab, cron-daemon. `files`: path to sha256."""

    clock: datetime
    user: str
    home: str
    zone: str
    has: frozenset[str]
    crontab: str
    files: Mapping[str, str]
    installed: Mapping[str, datetime]
    statuses: Mapping[str, JobStatus]
    running: frozenset[str]
    timers: frozenset[str] = field(default=frozenset())

    @property
    def scheduler(self) -> str:
        """`systemd`, `cron`, or "" where neither can be had without root."""
        if {"systemd", "linger", "user-manager"} <= self.has:
            return "systemd"
        return "cron" if {"crontab", "cron-daemon"} <= self.has else ""

    @property
    def cron_block(self) -> str:
        """Our own lines of the crontab, marks included; empty when there are none."""
        lines = self.crontab.splitlines(keepends=True)
        marks = [number for number, line in enumerate(lines) if line.strip() in (CRON_BEGIN, CRON_END)]
        return "".join(lines[marks[0] : marks[1] + 1]) if len(marks) == 2 else ""

    def is_armed(self, name: str) -> bool:
        """Whether a timer or a crontab line would start the job."""
        return name in self.timers or ("cron-daemon" in self.has and f"/scheduled/{name} " in self.cron_block)

    def table(self, schedules: tuple[Schedule, ...]) -> list[dict[str, Any]]:
        """One row a schedule: when, the last run and its outcome, the next run."""
        return [self._row(schedule) for schedule in schedules]

    def _row(self, schedule: Schedule) -> dict[str, Any]:
        status = self.statuses.get(schedule.name)
        armed = self.is_armed(schedule.name) and schedule.name in self.installed
        return {
            "schedule": schedule.name,
            "when": schedule.when,
            "installed": ("systemd" if schedule.name in self.timers else "cron") if armed else "no",
            "last run": status.started if status else None,
            "outcome": ("running" if schedule.name in self.running else status.outcome) if status else None,
            "last success": status.last_success if status else None,
            "next run": schedule.next_run(self.clock) if armed else None,
            "made": status.file if status else None,
            "message": status.message if status else None,
        }


def schedules_of(environment: Environment) -> Question[SchedulesOnServer]:
    """What the server has of the planned schedules, and how they went. Raises FactUnreadable."""
    names = tuple(schedule.name for schedule in planned_schedules(environment))
    argv = ("bash", "-s", "--", environment.server.directory, *names)

    def fetch(connections: Connections) -> SchedulesOnServer:
        reply = connections.server.run(Command(argv, stdin=programs.text("recovery/schedules_survey.sh"), timeout_s=30))
        return parse_schedules(reply.stdout)

    return Question("schedules", fetch)


def parse_schedules(text: str) -> SchedulesOnServer:
    """The records of `schedules_survey.sh` as a value. Raises FactUnreadable."""
    records = [line.split("\t") for line in text.splitlines()]
    try:
        if records[-1] != ["end"]:
            raise ValueError("the reply was cut short")
        single = {fields[0]: fields[1] for fields in records if len(fields) == 2}
        return SchedulesOnServer(
            clock=from_epoch(single["clock"]),
            user=single["user"],
            home=single["home"],
            zone=single["zone"],
            has=frozenset(fields[1] for fields in records if fields[0] == "has"),
            crontab=_decoded(single["crontab"]),
            files={_decoded(fields[1]): fields[2] for fields in records if fields[0] == "file"},
            installed={fields[1]: from_epoch(fields[2]) for fields in records if fields[0] == "installed"},
            statuses={fields[1]: parse_status(_decoded(fields[2])) for fields in records if fields[0] == "status"},
            running=frozenset(fields[1] for fields in records if fields[0] == "running"),
            timers=frozenset(fields[1] for fields in records if fields[0] == "timer"),
        )
    except (KeyError, ValueError, IndexError, TypeError, OverflowError, OSError, binascii.Error) as cause:
        raise FactUnreadable(
            f"The server's word about its schedules cannot be read: {cause}.",
            where=".runbook/scheduled",
            next_step="Look at the files there on the server; 34 Install schedules writes the programs anew.",
        ) from cause


def parse_status(text: str) -> JobStatus:
    """A status file as a value; one that cannot be read is a failed run whose message says so."""
    try:
        data: dict[str, Any] = json.loads(text)
        success = data["last_success_epoch"]
        return JobStatus(
            str(data["outcome"]), int(data["exit_code"]), from_epoch(data["started_epoch"]), int(data["seconds"]),
            None if success is None else from_epoch(success), str(data["message"]), str(data["file"]),
            str(data["trigger"]),
        )
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        beginning = datetime.fromtimestamp(0, UTC)
        return JobStatus("failed", 255, beginning, 0, None, "its status file cannot be read", "", "unknown")


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode("utf-8", "backslashreplace")


def _seconds(at: str) -> int:
    hour, minute = at.split(":")
    return int(hour) * 3600 + int(minute) * 60


TRY_LIMIT_S = 2 * 3600
