"""The schedules that the environment asks for, and when they are due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from runbook_lib.environment import Environment

BACKUP_DATABASE = "backup_database"
BACKUP_CONFIGURATION = "backup_configuration"
DAY_S = 86_400
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday


@dataclass(frozen=True)
class Schedule:
    """A job and its times: every `every_s` seconds since the epoch, `offset_s` later; no summer time moves them."""

    name: str
    when: str
    every_s: int
    offset_s: int
    maximum_age_h: int

    def slot_before(self, now: datetime) -> datetime:
        """The newest UTC time of the schedule that is not after `now`."""
        seconds = int(now.timestamp())
        return datetime.fromtimestamp(seconds - (seconds - self.offset_s) % self.every_s, UTC)

    def next_run(self, now: datetime) -> datetime:
        """The first UTC time of the schedule after `now`."""
        return self.slot_before(now) + timedelta(seconds=self.every_s)

    @property
    def on_calendar(self) -> str:
        """The same times in systemd's notation. Source: systemd.time(7), calendar events."""
        at = f"{self.offset_s % DAY_S // 3600:02d}:{self.offset_s % 3600 // 60:02d}:00 UTC"
        return f"*-*-* {at}" if self.every_s == DAY_S else f"{self._weekday[:3]} *-*-* {at}"

    @property
    def _weekday(self) -> str:
        return WEEKDAYS[(self.offset_s // DAY_S + EPOCH_WEEKDAY) % 7]


def planned_schedules(environment: Environment) -> tuple[Schedule, ...]:
    """The schedules that the environment asks for; without a database, no backup of it."""
    daily, weekly = environment.backup, environment.configuration_backup
    weekday = (WEEKDAYS.index(weekly.weekly_on) - EPOCH_WEEKDAY) % 7
    nightly = Schedule(BACKUP_DATABASE, f"daily at {daily.daily_at} UTC", DAY_S, _seconds(daily.daily_at),
                       daily.maximum_age_h)
    return (
        *((nightly,) if environment.database else ()),
        Schedule(BACKUP_CONFIGURATION, f"{weekly.weekly_on}s at {weekly.weekly_at} UTC", 7 * DAY_S,
                 weekday * DAY_S + _seconds(weekly.weekly_at), weekly.maximum_age_h),
    )


def _seconds(clock_time: str) -> int:
    hour, minute = clock_time.split(":")
    return int(hour) * 3600 + int(minute) * 60
