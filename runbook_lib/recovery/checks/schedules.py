"""Do the scheduled jobs exist, are they on time, and can they be installed here? Pure."""

from __future__ import annotations

from datetime import timedelta

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.schedules import (
    TOLERANCE,
    TRY_LIMIT_S,
    JobStatus,
    Schedule,
    SchedulesOnServer,
    planned_schedules,
)

_INSTALL = "Open 34 Install schedules."
_BY_HAND = {"backup_database": "30 Back up the database", "backup_configuration": "33 Back up the configuration"}


def schedule_preconditions(now: SchedulesOnServer, environment: Environment) -> tuple[Finding, ...]:
    """Whether jobs can be scheduled without root, and what root would have to do otherwise."""
    user = now.user
    reason = {"systemd": "systemd's timers of this user", "cron": "the crontab of this user"}.get(now.scheduler)
    marks = "" if not _marks_are_odd(now) else "marks of ours without a partner"
    found = [
        finding("the server can run jobs by itself", bool(now.scheduler),
                measured=reason or ", ".join(sorted(now.has)) or "nothing",
                expected="systemd with linger, or cron with its daemon running",
                next_step=f"As root on the server: `loginctl enable-linger {user}` where systemd runs; "
                "else `apt-get install cron` and start it. Then run again."),
        finding("the crontab can be edited safely", not marks, measured=marks or "yes", expected="yes",
                next_step="On the server: `crontab -e`, remove the lines that begin with '# BEGIN gw2' or '# "
                          "END gw2'."),
    ]
    if "systemd" in now.has and now.scheduler == "cron":
        found.append(Finding("systemd's timers could be used", Verdict.WARNING, "no linger for this user: cron is used",
                             "either", f"As root: `loginctl enable-linger {user}`, then run this again."))
    return tuple(found)


def schedule_findings(now: SchedulesOnServer, environment: Environment) -> tuple[Finding, ...]:
    """One finding a schedule: installed, on time, and its last run a success."""
    return tuple(_on_time(now, schedule) for schedule in planned_schedules(environment))


def schedules_are_as_planned(now: SchedulesOnServer, environment: Environment, wanted: str) -> tuple[Finding, ...]:
    """After the plan: whether every job is armed, or none is."""
    found = []
    for schedule in planned_schedules(environment):
        armed = now.is_armed(schedule.name) and schedule.name in now.installed
        good = armed if wanted == "installed" else not armed and schedule.name not in now.installed
        next_run = f"next run {schedule.next_run(now.clock):%Y-%m-%d %H:%M} UTC"
        found.append(finding(f"{schedule.name} is {wanted}", good, measured=next_run if armed else "not installed",
                             expected=schedule.when if wanted == "installed" else "not installed",
                             next_step="Read the evidence of the step that failed, then run again."))
    return tuple(found)


def trial_run_succeeded(before: SchedulesOnServer, after: SchedulesOnServer, name: str) -> tuple[Finding, ...]:
    """Whether the job that was tried ran since `before`, and succeeded. Nothing was tried: nothing to say."""
    if name == "nothing":
        return ()
    status, old = after.statuses.get(name), before.statuses.get(name)
    ran = status is not None and (old is None or status.started > old.started)
    measured = f"{status.outcome}: {status.message or status.file}" if status and ran else "it did not run"
    good = ran and status is not None and status.outcome == "succeeded"
    return (finding(f"{name} works from the scheduler's environment", good,
                    measured=measured, expected="succeeded",
                    next_step=f"Its log on the server says more: /var/log/gw2/scheduled_{name}.log."),)


def is_missed(schedule: Schedule, now: SchedulesOnServer) -> bool:
    """Whether neither a success nor the installation is younger than the schedule allows."""
    status = now.statuses.get(schedule.name)
    known = [moment for moment in (status.last_success if status else None, now.installed.get(schedule.name)) if moment]
    newest = known[0] if known else None
    return newest is None or now.clock - newest > timedelta(hours=schedule.maximum_age_h)


def _on_time(now: SchedulesOnServer, schedule: Schedule) -> Finding:
    name = f"schedule {schedule.name}"
    status = now.statuses.get(schedule.name)
    by_hand = f"Run {_BY_HAND[schedule.name]} now; then see why: /var/log/gw2/scheduled_{schedule.name}.log."
    if schedule.name not in now.installed or not now.is_armed(schedule.name):
        what = "installed, but no timer starts it" if schedule.name in now.installed else "not installed"
        worst = Verdict.FAILED if schedule.name in now.installed else Verdict.WARNING
        return Finding(name, worst, what, schedule.when, _INSTALL)
    newest = max(status.started, status.last_success or status.started) if status else now.clock
    if newest > now.clock + TOLERANCE:
        return Finding(name, Verdict.INCONCLUSIVE, "its last run lies in the future of the server's clock",
                       schedule.when, "Set the clock right (timedatectl), then look again.")
    trouble = _trouble(now, schedule, status)
    if trouble:
        return Finding(name, Verdict.FAILED, trouble, schedule.when, by_hand)
    return finding(name, True, measured=_last(status), expected=schedule.when)


def _trouble(now: SchedulesOnServer, schedule: Schedule, status: JobStatus | None) -> str:
    """What is wrong with the job's last run; empty when nothing is."""
    if status and status.outcome == "running":
        if schedule.name not in now.running:
            return "its last run was cut off: it neither ended nor runs"
        if now.clock - status.started > timedelta(seconds=4 * TRY_LIMIT_S):
            return f"runs since {status.started:%Y-%m-%d %H:%M} UTC"
    elif status and status.outcome != "succeeded":
        return f"{status.outcome} at {status.started:%Y-%m-%d %H:%M} UTC: {status.message}"
    if is_missed(schedule, now):
        last = status.last_success if status else None
        return f"missed: last success {last:%Y-%m-%d %H:%M} UTC" if last else "missed: it never succeeded"
    return ""


def _last(status: JobStatus | None) -> str:
    if status is None:
        return "not due yet"
    return f"{status.outcome} at {status.started:%Y-%m-%d %H:%M} UTC"


def _marks_are_odd(now: SchedulesOnServer) -> bool:
    lines = [line.strip() for line in now.crontab.splitlines()]
    marks = ("# BEGIN gw2 schedules", "# END gw2 schedules")
    begins, ends = (sum(line.startswith(mark) for line in lines) for mark in marks)
    return (begins, ends) not in ((0, 0), (1, 1)) or (begins == 1 and not now.cron_block)
