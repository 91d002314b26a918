"""What the server has of the schedules: which are installed, and how their last runs went."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import lines_of
from runbook_lib.core.times import from_epoch
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.schedules import Schedule, planned_schedules


class JobOutcome(StrEnum):
    """How a scheduled job ended; `job_wrapper.sh` writes the same words."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUSED = "refused"  # the lock was held for too long; the job is still due


@dataclass(frozen=True)
class JobStatus:
    """What the last run of a scheduled job recorded. Times in UTC; `file` is what it produced, `log` where it logs."""

    outcome: JobOutcome
    exit_code: int
    started: datetime
    seconds: int
    last_success: datetime | None
    message: str
    file: str
    trigger: str
    log: str = ""


@dataclass(frozen=True)
class InstalledSchedules:
    """What the server has of the `planned` schedules; dictionaries and sets by the schedule's name.

    `has`: systemd, linger, user-manager, crontab, cron-daemon. `files`: path to sha256. `installed`: since when.
    `crontab` are the project's own lines of the crontab, markers included, `crontab_problem` why they are not known.
    `old_units`: jobs whose systemd units are named as earlier versions did. `lacking`: programs that the jobs need and
    would not find; None where that is not known. `owners`: the Compose project that each folder of backups belongs to,
    by its path.
    """

    planned: tuple[Schedule, ...]
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
    timers: frozenset[str] = frozenset()
    project: str = ""
    crontab_problem: str = ""
    old_units: frozenset[str] = frozenset()
    lacking: tuple[str, ...] | None = ()
    folder: str = ""
    owners: Mapping[str, str] = field(default_factory=dict)

    @property
    def scheduler(self) -> str:
        """`systemd`, `cron`, or "" where neither is available without root."""
        if {"systemd", "linger", "user-manager"} <= self.has:
            return "systemd"
        return "cron" if {"crontab", "cron-daemon"} <= self.has else ""

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row a planned schedule: when, the last run and its outcome, the next run."""
        return [self._row(schedule) for schedule in self.planned]

    def is_enabled(self, name: str) -> bool:
        """Whether a timer or a crontab line would start the job."""
        # five fields or a name of cron's, then the job; a line that an operator commented out starts nothing
        times = r"[ \t]*(?:@\w+|[^#\s]\S*(?:[ \t]+\S+){4})[ \t]+"
        folder = re.escape(self.folder) or r"\S*/scheduled"
        line = re.compile(rf"{times}{folder}/{name} --when-due(?: [^\r]*)?")
        return name in self.timers or (
            "cron-daemon" in self.has and any(line.fullmatch(one) for one in self.crontab.split("\n")))

    def is_active(self, name: str) -> bool:
        """Whether the job is installed and something would start it."""
        return name in self.installed and self.is_enabled(name)

    def _row(self, schedule: Schedule) -> dict[str, Any]:
        status = self.statuses.get(schedule.name)
        active = self.is_active(schedule.name)
        outcome = JobOutcome.RUNNING if schedule.name in self.running else status.outcome if status else None
        return {
            "schedule": schedule.name,
            "when": schedule.when,
            "installed": ("systemd" if schedule.name in self.timers else "cron") if active else "no",
            "last run": status.started if status else None,
            "outcome": str(outcome) if status and outcome else None,
            "last success": status.last_success if status else None,
            "next run": schedule.next_run(self.clock) if active else None,
            "produced": status.file if status else None,
            "message": status.message if status else None,
        }


def cron_markers(project: str) -> tuple[str, str]:
    """The first and the last line of a project's block in the user's crontab, where other projects have theirs."""
    return (f"# BEGIN schedules of {project}: written by notebook 34; changes between these lines are lost",
            f"# END schedules of {project}")


def identity(environment: Environment) -> tuple[str, ...]:
    """What `crontab.sh` recognises a project's schedules by: its name and its markers."""
    return (environment.project, *cron_markers(environment.project))


def survey_schedules(environment: Environment) -> Question[InstalledSchedules]:
    """What the server has of the planned schedules, and how their last runs went. Raises FactUnreadable."""
    planned = planned_schedules(environment)
    rules = environment.configuration_backup
    folders = (environment.backup.directory, rules.repository, rules.files_directory, rules.logs_directory)
    argv = ("bash", "-s", "--", environment.server.directory, "\n".join(folders), *identity(environment),
            *(one.name for one in planned))
    program = programs.text("recovery/required_programs.sh", "recovery/folder_owner.sh", "recovery/crontab.sh",
                            "recovery/schedules_survey.sh")

    def fetch(connections: Connections) -> InstalledSchedules:
        reply = connections.server.run(Command(argv, stdin=program, timeout_s=30))
        return parse_schedules(reply.stdout, planned)

    return Question("schedules", fetch)


def parse_schedules(text: str, planned: tuple[Schedule, ...]) -> InstalledSchedules:
    """The records of `schedules_survey.sh` as a value. Raises FactUnreadable."""
    records = [line.split("\t") for line in lines_of(text)]
    try:
        if records[-1] != ["end"]:
            raise ValueError("the reply was cut short")
        single = {fields[0]: fields[1] for fields in records if len(fields) == 2}
        return InstalledSchedules(
            planned,
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
            project=single.get("project", ""),
            crontab_problem=_decoded(single.get("crontab-problem", "")),
            owners={fields[1]: fields[2] for fields in records if fields[0] == "owner"},
            old_units=frozenset(fields[1] for fields in records if fields[0] == "old-unit"),
            folder=single.get("folder", ""),
            lacking=tuple(one for one in single["lacks"].split(",") if one) if "lacks" in single else None,
        )
    except (KeyError, ValueError, IndexError, TypeError, OverflowError, OSError, binascii.Error) as cause:
        raise FactUnreadable(
            f"The survey of the schedules cannot be parsed: {cause}.",
            where=".runbook/scheduled",
            next_step="Check the files there on the server; 34 Install the schedules writes the programs again.",
        ) from cause


def parse_status(text: str) -> JobStatus:
    """A status file as a value; one that cannot be parsed is a failed run whose message reports it."""
    try:
        data: dict[str, Any] = read_json(text)
        success = data["last_success_epoch"]
        return JobStatus(
            JobOutcome(data["outcome"]),
            int(data["exit_code"]),
            from_epoch(data["started_epoch"]),
            int(data["seconds"]),
            None if success is None else from_epoch(success),
            str(data["message"]),
            str(data["file"]),
            str(data["trigger"]),
            str(data.get("log", "")),
        )
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        epoch = datetime.fromtimestamp(0, UTC)
        return JobStatus(JobOutcome.FAILED, 255, epoch, 0, None, "its status file cannot be parsed", "", "unknown")


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode("utf-8", "backslashreplace")
