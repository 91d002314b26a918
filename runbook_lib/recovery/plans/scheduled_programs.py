"""The files of the schedules: launchers, shared programs, the crontab's lines and systemd's units, as texts.

A scheduled job is a launcher, the wrapper `job_wrapper.sh`, and the very programs that the runbooks run.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.configuration_backups import secrets_source
from runbook_lib.recovery.facts.installed_schedules import cron_markers
from runbook_lib.recovery.facts.schedules import BACKUP_CONFIGURATION, BACKUP_DATABASE, Schedule, planned_schedules
from runbook_lib.recovery.plans import backup, configuration_backup

HTTPS = 443
LOCK_WAIT_S = 5400  # longer than a deployment with its hour of watching
JOB_WRAPPER = "job_wrapper.sh"
_STEPS: dict[str, Callable[[Environment], tuple[tuple[str, Command], ...]]] = {
    BACKUP_DATABASE: backup.scheduled_steps,
    BACKUP_CONFIGURATION: configuration_backup.scheduled_steps,
}


def schedules_folder(environment: Environment) -> str:
    """Where programs, launchers and what the jobs record are, on the server."""
    return environment.server.path(".runbook", "scheduled")


def job_programs(environment: Environment) -> dict[str, str]:
    """Every file of `.runbook/scheduled/` by name, launchers last."""
    texts = {BACKUP_DATABASE: backup.backup_program(),
             BACKUP_CONFIGURATION: configuration_backup.configuration_program(secrets_source(environment))}
    planned = planned_schedules(environment)
    shared = {JOB_WRAPPER: programs.text(f"recovery/{JOB_WRAPPER}"),
              **{f"{one.name}.sh": texts[one.name] for one in planned}}
    # a launcher that is there before its programs would fail when it is due just then
    return shared | {one.name: launcher(environment, one) for one in planned}


def launcher(environment: Environment, schedule: Schedule) -> str:
    """The small program that cron or systemd starts."""
    lines = [_step_line(key, command, schedule.name) for key, command in _STEPS[schedule.name](environment)]
    body = " \\\n        && ".join(lines)
    return (
        f"#!/bin/bash\n# {schedule.name}: {schedule.when}. Written by notebook 34; changes made here are lost.\n"
        f"name={schedule.name} project={environment.project} directory={shlex.quote(environment.server.directory)}\n"
        f"logs={shlex.quote(environment.server.log_directory or '')}\n"
        f"every_s={schedule.every_s} offset_s={schedule.offset_s} wait_s={LOCK_WAIT_S} served={_served(environment)}\n"
        'here=$(dirname -- "$(readlink -f -- "$0")")\n'
        f"steps() {{\n    {body}\n}}\n"
        f'. "$here/{JOB_WRAPPER}"\n'
    )


def cron_block(environment: Environment) -> str:
    """Our lines of the crontab. Cron's clock follows the server's zone: it asks often, and the job knows its time."""
    folder = shlex.quote(schedules_folder(environment))
    begin, end = cron_markers(environment.project)
    # no setting such as SHELL=: it would hold for every line below ours, whoever wrote that
    lines = [begin, "# cron asks every 15 minutes; the job knows its time, in UTC, and makes up for a missed one"]
    for one in planned_schedules(environment):
        lines += [f"# {one.name}: {one.when}", f"*/15 * * * * {folder}/{one.name} --when-due"]
    return "\n".join((*lines, end)) + "\n"


def units(environment: Environment) -> dict[str, str]:
    """systemd's user units by file name. Source: systemd.timer(5), systemd.service(5)."""
    folder, texts = schedules_folder(environment), {}
    for one in planned_schedules(environment):
        texts[f"{unit_name(environment, one.name)}.service"] = (
            f"[Unit]\nDescription={one.name}, {one.when}\n\n[Service]\nType=oneshot\nExecStart={folder}/{one.name}\n"
            "TimeoutStartSec=6h\nNice=10\nNoNewPrivileges=true\n"
        )
        texts[f"{unit_name(environment, one.name)}.timer"] = (
            f"[Unit]\nDescription={one.name}, {one.when}\n\n[Timer]\nOnCalendar={one.on_calendar}\n"
            "# a server that was off makes up for it\nPersistent=true\nAccuracySec=1min\n\n"
            "[Install]\nWantedBy=timers.target\n"
        )
    return texts


def unit_name(environment: Environment, schedule_name: str) -> str:
    """systemd's units of a schedule, without their suffix: `schedules.sh` has the same. The user may have others'."""
    return f"runbook-{environment.project}-{schedule_name}"


def _served(environment: Environment) -> str:
    """Host and port at which the server itself serves the public certificate; empty where none of its services does."""
    if not environment.public.tls:
        return ""
    port, running = environment.public.port, [one for one in environment.services.values() if one.required]
    # inside its container the proxy may listen at another port than the one that users type
    listens = any({port, HTTPS} & set(one.ports) or one.published for one in running)
    return f"{environment.public.host}:{port}" if listens else ""


def _step_line(key: str, command: Command, name: str) -> str:
    """One `step` of the job wrapper: the command of the runbook, its program in the file next to the launcher."""
    words = command.argv[command.argv.index("--") + 1 :]
    return f'step {key} {command.timeout_s:.0f} bash "$here/{name}.sh" {shlex.join(words)}'
