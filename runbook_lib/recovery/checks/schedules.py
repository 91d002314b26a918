"""Do the scheduled jobs exist, are they on time, and can they be installed here? Pure."""

from __future__ import annotations

from datetime import timedelta

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.plan import Plan
from runbook_lib.recovery.checks.folder_owner import own_folders
from runbook_lib.recovery.checks.restore_readiness import database_is_open
from runbook_lib.recovery.facts.backups import INSTALL
from runbook_lib.recovery.facts.installed_schedules import (
    InstalledSchedules,
    JobOutcome,
    JobStatus,
)
from runbook_lib.recovery.facts.restore_databases import Databases
from runbook_lib.recovery.facts.schedules import BACKUP_CONFIGURATION, BACKUP_DATABASE, Schedule

CLOCK_TOLERANCE = timedelta(minutes=2)
LONGEST_RUN = timedelta(hours=8)  # a job waits up to 90 minutes for the lock, and a step may take an hour
NO_TEST_RUN = "nothing"
CURRENT = "the scheduled programs are those of this version"
PROGRAMS_STEP, TIMER_STEP = "schedule-programs", "schedule-timer"  # keys of the steps of 34 that write them
_INSTALL = "Open 34 Install the schedules."
_NOTEBOOKS = {BACKUP_DATABASE: "30 Back up the database", BACKUP_CONFIGURATION: "33 Back up the configuration"}


def schedule_preconditions(now: InstalledSchedules, wanted: str = "installed") -> tuple[Finding, ...]:
    """Whether jobs can be scheduled without root, and would find their programs; what root would have to do otherwise.

    `wanted` as the notebook's parameter: what is removed needs no programs.
    """
    user = now.user
    source = {"systemd": "systemd's timers of this user", "cron": "the crontab of this user"}.get(now.scheduler)
    problem = now.crontab_problem
    found: tuple[Finding, ...] = (
        finding("the server can run jobs automatically", bool(now.scheduler),
                measured=source or ", ".join(sorted(now.has)) or "nothing",
                expected="systemd with linger, or cron with its daemon running",
                next_step=f"As root on the server: `loginctl enable-linger {user}` where systemd runs; "
                "otherwise `apt-get install cron` and start it. Then run again."),
        finding("the crontab can be edited safely", not problem, measured=problem or "yes", expected="yes",
                next_step="On the server: `crontab -l`. What it says has to go; lines that begin with '# BEGIN' or "
                "'# END' and name schedules go in pairs (`crontab -e`)."),
    )
    # removing them needs neither
    found = found if wanted == "removed" else (*found, _programs(now), *own_folders(now.owners, now.project))
    if "systemd" not in now.has or now.scheduler != "cron":
        return found
    return (*found, Finding("systemd's timers are available", Verdict.WARNING, "no linger for this user: cron is used",
                            "either", f"As root: `loginctl enable-linger {user}`, then run this again."))


def _programs(now: InstalledSchedules) -> Finding:
    # a job that cannot run would be installed as a success, and its first night be the failure
    return finding("the server has the programs that the jobs need", None if now.lacking is None else not now.lacking,
                   measured="not known" if now.lacking is None else
                   f"the jobs would find no {', '.join(now.lacking)}" if now.lacking else "yes",
                   expected="perl with Digest::MD5, gzip, flock, diff, docker, git, in the system's folders",
                   next_step=INSTALL)


def schedule_findings(now: InstalledSchedules, databases: Databases | None = None,
                      update: Plan | None = None) -> tuple[Finding, ...]:
    """One finding a planned schedule: installed, on time, and its last run a success.

    One more where PostgreSQL was asked: is the database open, which the jobs back up? And one with the plan of what 34
    would do: are the programs on the server those of this version?
    """
    current = (_current(update),) if update is not None and now.installed else ()
    return (*(_on_time(now, schedule) for schedule in now.planned), *current, *database_is_open(databases))


def _current(update: Plan) -> Finding:
    # a metric that was renamed since: no alert would fire on what they report
    steps = [one.title for one in update.steps if one.key in (PROGRAMS_STEP, TIMER_STEP)]
    return finding(CURRENT, not steps, measured=f"34 would: {'; '.join(steps)}" if steps else "yes", expected="yes",
                   otherwise=Verdict.WARNING,
                   next_step="Open 34 Install the schedules and apply it. What programs of another version report may "
                   "have no alert: a job that fails would not be noticed.")


def schedules_are_as_planned(
    before: InstalledSchedules, after: InstalledSchedules, wanted: str, test_run: str = NO_TEST_RUN
) -> tuple[Finding, ...]:
    """After the plan: whether every job is enabled, or with `wanted` "removed" none is.

    `test_run` is the job that was run once by this plan: whether it ran since `before`, and succeeded.
    """
    tested = () if test_run == NO_TEST_RUN else (_test_run(before, after, test_run),)
    return (*(_as_wanted(after, schedule, wanted) for schedule in after.planned), *tested)


def log_file(now: InstalledSchedules, name: str) -> str:
    """Where a scheduled job logs on the server, as its last run recorded; else where to find out."""
    status = now.statuses.get(name)
    return status.log if status and status.log else f"the log that .runbook/scheduled/{name}.status.json names"


def _as_wanted(now: InstalledSchedules, schedule: Schedule, wanted: str) -> Finding:
    active = now.is_active(schedule.name)
    absent = not now.is_enabled(schedule.name) and schedule.name not in now.installed
    installed = wanted == "installed"
    next_run = f"next run {schedule.next_run(now.clock):%Y-%m-%d %H:%M} UTC"
    return finding(f"{schedule.name} is {wanted}", active if installed else absent,
                   measured=next_run if active else "not installed",
                   expected=schedule.when if installed else "not installed",
                   next_step="Read the evidence of the step that failed, then run again.")


def _test_run(before: InstalledSchedules, after: InstalledSchedules, name: str) -> Finding:
    status, previous = after.statuses.get(name), before.statuses.get(name)
    ran = status is not None and (previous is None or status.started > previous.started)
    measured = f"{status.outcome}: {status.message or status.file}" if status and ran else "it did not run"
    good = ran and status is not None and status.outcome is JobOutcome.SUCCEEDED
    return finding(f"{name} works in the scheduler's environment", good, measured=measured, expected="succeeded",
                   next_step=f"See its log on the server: {log_file(after, name)}.")


def _on_time(now: InstalledSchedules, schedule: Schedule) -> Finding:
    check = f"schedule {schedule.name}"
    status = now.statuses.get(schedule.name)
    if schedule.name not in now.installed:
        return Finding(check, Verdict.WARNING, "not installed", schedule.when, _INSTALL)
    if not now.is_enabled(schedule.name):
        return Finding(check, Verdict.FAILED, "installed, but no timer starts it", schedule.when, _INSTALL)
    newest = max(status.started, status.last_success or status.started) if status else now.clock
    if newest > now.clock + CLOCK_TOLERANCE:
        return Finding(check, Verdict.INCONCLUSIVE, "its last run lies in the future of the server's clock",
                       schedule.when, "Correct the clock (timedatectl), then run again.")
    problem = _problem(now, schedule, status)
    notebook = _NOTEBOOKS[schedule.name]
    return finding(check, not problem, measured=problem or _last_run(status), expected=schedule.when,
                   next_step=f"Run {notebook} now; then read why in {log_file(now, schedule.name)}.")


def _problem(now: InstalledSchedules, schedule: Schedule, status: JobStatus | None) -> str:
    """What is wrong with the job's last run; empty when nothing is."""
    if status and status.outcome is JobOutcome.RUNNING:
        if schedule.name not in now.running:
            return "its last run was interrupted: it neither ended nor is it running"
        if now.clock - status.started > LONGEST_RUN:
            return f"running since {status.started:%Y-%m-%d %H:%M} UTC"
    elif status and status.outcome is not JobOutcome.SUCCEEDED:
        return f"{status.outcome} at {status.started:%Y-%m-%d %H:%M} UTC: {status.message}"
    if _is_missed(schedule, now):
        last = status.last_success if status else None
        return f"missed: last success {last:%Y-%m-%d %H:%M} UTC" if last else "missed: it never succeeded"
    return ""


def _is_missed(schedule: Schedule, now: InstalledSchedules) -> bool:
    """Whether the last success, or the installation where there was none, is older than the schedule allows."""
    status = now.statuses.get(schedule.name)
    newest = (status.last_success if status else None) or now.installed[schedule.name]
    return now.clock - newest > timedelta(hours=schedule.maximum_age_h)


def _last_run(status: JobStatus | None) -> str:
    return f"{status.outcome} at {status.started:%Y-%m-%d %H:%M} UTC" if status else "not due yet"
