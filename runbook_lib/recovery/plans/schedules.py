"""Schedules on the server: which programs and timers there should be, and the plan that makes it so.

A scheduled job is a launcher, the wrapper `job_wrapper.sh`, and the very programs that the runbooks run by hand.
"""

from __future__ import annotations

import hashlib
import shlex

from runbook_lib.core import programs
from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.errors import BadParameter
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.schedules import (
    CRON_BEGIN,
    CRON_END,
    TRY_LIMIT_S,
    Schedule,
    SchedulesOnServer,
    planned_schedules,
)
from runbook_lib.recovery.plans import backup, backup_configuration

WAIT_FOR_LOCK_S = 5400  # longer than a deployment with its hour of watching


def plan_schedules(
    now: SchedulesOnServer, environment: Environment, wanted: str = "installed", try_now: str = "nothing"
) -> Plan:
    """Install what is missing or different, or take it all away. `try_now` names a job to run once, or is "nothing".

    Raises BadParameter for another word.
    """
    jobs = tuple(one.name for one in planned_schedules(environment))
    _one_of("schedules", wanted, ("installed", "removed"))
    _one_of("try_now", try_now, ("nothing", *jobs))
    steps = _removal(now, environment) if wanted == "removed" else _installation(now, environment)
    skipped = []
    if not steps:
        state = "nothing is installed" if wanted == "removed" else "every program and timer is as it should be"
        skipped.append(SkippedStep("Install the schedules" if wanted == "installed" else "Remove the schedules", state))
    if try_now != "nothing" and wanted == "installed":
        steps = (*steps, _trial(now, environment, try_now))
    reason = "" if steps else skipped[0].reason
    facts = {"scheduler": now.scheduler, "installed": sorted(now.installed)}
    return Plan(f"schedules {wanted}", environment.name, tuple(steps), reason=reason, skipped=tuple(skipped),
                undo_on_failure=try_now == "nothing", facts=facts)


def _one_of(parameter: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BadParameter(f"{parameter} should be one of {', '.join(allowed)}, got {value!r}.",
                           next_step="Correct the parameter and run again; nothing was changed.")


def job_programs(environment: Environment) -> dict[str, str]:
    """Every file of `.runbook/scheduled/` by name, launchers last."""
    shared = {
        "job_wrapper.sh": programs.text("recovery/job_wrapper.sh"),
        "backup_database.sh": backup.backup_program(),
        "backup_configuration.sh": backup_configuration.program(),
    }
    return shared | {one.name: launcher(environment, one) for one in planned_schedules(environment)}


def launcher(environment: Environment, schedule: Schedule) -> str:
    """The small program that cron or systemd starts."""
    jobs = {"backup_database": backup.scheduled_steps, "backup_configuration": backup_configuration.scheduled_steps}
    lines = [_step_line(key, command, schedule.name) for key, command in jobs[schedule.name](environment)]
    body = " \\\n        && ".join(lines)
    return (
        f"#!/bin/bash\n# {schedule.name}: {schedule.when}. Written by notebook 34; changes made here are lost.\n"
        f"name={schedule.name} directory={shlex.quote(environment.server.directory)}\n"
        f"every_s={schedule.every_s} offset_s={schedule.offset_s} wait_s={WAIT_FOR_LOCK_S}\n"
        'here=$(dirname -- "$(readlink -f -- "$0")")\n'
        f"steps() {{\n    {body}\n}}\n"
        '. "$here/job_wrapper.sh"\n'
    )


def _step_line(key: str, command: Command, name: str) -> str:
    """One `step` of the frame: the command of the runbook, its program read from the file beside the launcher."""
    words = command.argv[command.argv.index("--") + 1 :]
    return f'step {key} {command.timeout_s:.0f} bash "$here/{name}.sh" {shlex.join(words)}'


def cron_block(environment: Environment) -> str:
    """Our lines of the crontab. Cron's clock follows the server's zone: it asks often, and the job knows its time."""
    folder = shlex.quote(_folder(environment))
    lines = [CRON_BEGIN, "# every 15 minutes cron asks; the job knows its time, in UTC, and makes up for a missed one",
             "SHELL=/bin/sh"]
    for one in planned_schedules(environment):
        lines += [f"# {one.name}: {one.when}", f"*/15 * * * * {folder}/{one.name} --when-due >/dev/null 2>&1"]
    return "\n".join((*lines, CRON_END)) + "\n"


def units(environment: Environment) -> dict[str, str]:
    """systemd's user units by file name. Source: systemd.timer(5), systemd.service(5)."""
    folder, texts = _folder(environment), {}
    for one in planned_schedules(environment):
        texts[f"gw2-{one.name}.service"] = (
            f"[Unit]\nDescription={one.name}, {one.when}\n\n[Service]\nType=oneshot\nExecStart={folder}/{one.name}\n"
            "TimeoutStartSec=6h\nNice=10\nNoNewPrivileges=true\n"
        )
        texts[f"gw2-{one.name}.timer"] = (
            f"[Unit]\nDescription={one.name}, {one.when}\n\n[Timer]\nOnCalendar={one.on_calendar}\n"
            "# a server that was off makes up for it\nPersistent=true\nAccuracySec=1min\n\n"
            "[Install]\nWantedBy=timers.target\n"
        )
    return texts


def _installation(now: SchedulesOnServer, environment: Environment) -> tuple[Step, ...]:
    folder, steps = _folder(environment), []
    texts = job_programs(environment)
    wrong = {name: text for name, text in texts.items() if now.files.get(f"{folder}/{name}") != _sha(text)}
    names = tuple(one.name for one in planned_schedules(environment))
    timer = _timer(now, environment)
    if wrong or timer:
        steps.append(Step("schedule-keep", "Keep what is there, for the way back", (_sh(environment, "keep"),)))
    if wrong:
        writes = tuple(WriteFile(f"{folder}/{name}", text, 0o755 if name in names else 0o644)
                       for name, text in wrong.items())
        steps.append(Step("schedule-programs", f"Write {len(wrong)} programs to {folder}", writes,
                          undo=(_sh(environment, "put_back", *wrong),),
                          why="the very programs that the runbooks run by hand"))
    if timer:
        steps.append(timer)
    if wrong or timer or set(names) - set(now.installed):
        fresh = (name for name in names if name not in now.installed)
        steps.append(Step("schedule-announce", "Say to Prometheus which schedules there are",
                          tuple(Command((f"{folder}/{name}", "--announce")) for name in names),
                          undo=(_sh(environment, "forget", *fresh),),
                          why="from now on a job that never runs counts as missed"))
    return tuple(steps)


def _timer(now: SchedulesOnServer, environment: Environment) -> Step | None:
    if now.scheduler == "systemd":
        return _systemd(now, environment)
    block = cron_block(environment)
    if now.cron_block == block:
        return None
    return Step("schedule-timer", f"Put the two jobs into the crontab of {now.user}",
                (_sh(environment, "set_crontab", CRON_BEGIN, CRON_END, block),),
                undo=(_sh(environment, "crontab_back"),),
                why="lines of others stay; ours stand between two marks")


def _systemd(now: SchedulesOnServer, environment: Environment) -> Step | None:
    folder, texts = _unit_folder(now), units(environment)
    names = tuple(one.name for one in planned_schedules(environment))
    armed = set(names) <= now.timers
    same = all(now.files.get(f"{folder}/{name}") == _sha(text) for name, text in texts.items())
    if armed and same and not now.cron_block:
        return None
    writes = (WriteFile(f"{folder}/{name}", text) for name, text in texts.items())
    # cron and systemd both would run every job twice
    no_cron = (_sh(environment, "set_crontab", CRON_BEGIN, CRON_END, ""),) if now.cron_block else ()
    return Step("schedule-timer", f"Put the two jobs into systemd's timers of {now.user}",
                (Command(("mkdir", "-p", folder)), *writes,
                 _sh(environment, "enable_timers", *(f"gw2-{name}.timer" for name in names)), *no_cron),
                undo=(_sh(environment, "crontab_back"), _sh(environment, "units_back", *names)),
                why="Persistent=true: a server that was off makes up for it")


def _removal(now: SchedulesOnServer, environment: Environment) -> tuple[Step, ...]:
    folder, steps = _folder(environment), []
    names = tuple(one.name for one in planned_schedules(environment))
    there = tuple(name for name in job_programs(environment) if f"{folder}/{name}" in now.files)
    has_units = bool(now.timers) or any(f"{_unit_folder(now)}/{name}" in now.files for name in units(environment))
    if there or now.cron_block or has_units:
        steps.append(Step("schedule-keep", "Keep what is there, for the way back", (_sh(environment, "keep"),)))
    if now.cron_block:
        steps.append(Step("schedule-timer", f"Take the two jobs out of the crontab of {now.user}",
                          (_sh(environment, "set_crontab", CRON_BEGIN, CRON_END, ""),),
                          undo=(_sh(environment, "crontab_back"),)))
    if has_units:
        steps.append(Step("schedule-timers", f"Take the two jobs out of systemd's timers of {now.user}",
                          (_sh(environment, "remove_units", *names),),
                          undo=(_sh(environment, "units_back", *names),)))
    if there or now.installed:
        take = (Command(("rm", "-f", "--", *(f"{folder}/{name}" for name in there))),) if there else ()
        back = (*there, *(f"{name}.installed" for name in names))
        steps.append(Step("schedule-programs", f"Take the programs out of {folder}",
                          (*take, _sh(environment, "forget", *names)),
                          undo=(_sh(environment, "put_back", *back),),
                          why="what the jobs wrote about themselves stays"))
    return tuple(steps)


def _trial(now: SchedulesOnServer, environment: Environment, name: str) -> Step:
    return Step("schedule-try", f"Run {name} now, as {now.scheduler} would",
                (_sh(environment, "try_now", name, now.scheduler, timeout_s=TRY_LIMIT_S),),
                why="a schedule that exists is not yet one that works: the same program in the same bare environment",
                )


def _unit_folder(now: SchedulesOnServer) -> str:
    return f"{now.home}/.config/systemd/user"


def _folder(environment: Environment) -> str:
    return environment.server.path(".runbook", "scheduled")


def _sh(environment: Environment, step: str, *words: str, timeout_s: float = 60.0) -> Command:
    text = programs.text("recovery/schedules.sh")
    return Command(("bash", "-s", "--", step, _folder(environment), *words), stdin=text, timeout_s=timeout_s)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
