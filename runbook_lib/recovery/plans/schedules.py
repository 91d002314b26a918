"""The schedules on the server: the plan that installs what is missing or different, or removes all of it."""

from __future__ import annotations

import hashlib

from runbook_lib.core import programs
from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.errors import BadParameter
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.environment import Environment
from runbook_lib.recovery.checks.schedules import NO_TEST_RUN
from runbook_lib.recovery.facts.installed_schedules import InstalledSchedules, identity
from runbook_lib.recovery.plans.scheduled_programs import (
    cron_block,
    job_programs,
    schedules_folder,
    units,
)

INSTALLED, REMOVED = "installed", "removed"
TEST_RUN_LIMIT_S = 2 * 3600.0


def plan_schedules(
    now: InstalledSchedules, environment: Environment, wanted: str = INSTALLED, test_run: str = NO_TEST_RUN
) -> Plan:
    """Install what is missing or different, or remove all of it. `test_run` names a job to run once, or is "nothing".

    Raises BadParameter for any other value.
    """
    _require_one_of("schedules", wanted, (INSTALLED, REMOVED))
    _require_one_of("try_now", test_run, (NO_TEST_RUN, *_names(now)))
    installing = wanted == INSTALLED
    steps = _installation(now, environment) if installing else _removal(now, environment)
    skipped: tuple[SkippedStep, ...] = () if steps else (_nothing_to_do(installing),)
    if test_run != NO_TEST_RUN and installing:
        steps = (*steps, _test_run(now, environment, test_run))
    return Plan(
        f"schedules {wanted}",
        environment.name,
        steps,
        reason="" if steps else skipped[0].reason,
        skipped=skipped,
        # a test run that fails is what its operator wants to see: the schedule stays, and so does its backup
        undo_on_failure=test_run == NO_TEST_RUN,
        facts={"scheduler": now.scheduler, "installed": sorted(now.installed)},
        achieves=f"The schedules are {wanted} on {environment.name}",
    )


def _require_one_of(parameter: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BadParameter(f"{parameter} should be one of {', '.join(allowed)}, got {value!r}.",
                           next_step="Correct the parameter and run again; nothing was changed.")


def _nothing_to_do(installing: bool) -> SkippedStep:
    if installing:
        return SkippedStep("Install the schedules", "every program and timer is as planned")
    return SkippedStep("Remove the schedules", "nothing is installed")


def _installation(now: InstalledSchedules, environment: Environment) -> tuple[Step, ...]:
    folder = schedules_folder(environment)
    different = {name: text for name, text in job_programs(environment).items()
                 if now.files.get(f"{folder}/{name}") != _sha256(text)}
    timer = _systemd_timers(now, environment) if now.scheduler == "systemd" else _crontab_lines(now, environment)
    steps: list[Step] = []
    if different or timer:
        steps.append(_save(now, environment))
    if different:
        steps.append(_programs(now, environment, different))
    if timer:
        steps.append(timer)
    if steps or set(_names(now)) - set(now.installed):
        steps.append(_announce(now, environment))
    return tuple(steps)


def _removal(now: InstalledSchedules, environment: Environment) -> tuple[Step, ...]:
    folder = schedules_folder(environment)
    present = tuple(name for name in job_programs(environment) if f"{folder}/{name}" in now.files)
    written = any(f"{_unit_folder(now)}/{name}" in now.files for name in units(environment))
    has_units = bool(now.timers or now.old_units or written)
    steps: list[Step] = []
    if present or now.crontab or has_units:
        steps.append(_save(now, environment))
    # what starts the jobs goes first: a job without its program would fail instead of not running
    if now.crontab:
        steps.append(Step("schedule-timer", f"Remove the jobs from the crontab of {now.user}",
                          (_crontab(environment, ""),), undo=(_sh(environment, "restore_crontab"),)))
    if has_units:
        steps.append(Step("schedule-timers", f"Remove the jobs from systemd's timers of {now.user}",
                          (_sh(environment, "remove_units", *_names(now)),),
                          undo=(_sh(environment, "restore_units", *_names(now)),)))
    if present or now.installed:
        remove = (Command(("rm", "-f", "--", *(f"{folder}/{name}" for name in present))),) if present else ()
        saved = (*present, *(f"{name}.installed" for name in _names(now)))
        steps.append(Step("schedule-programs", f"Remove the programs from {folder}",
                          (*remove, _sh(environment, "forget", *_names(now))),
                          undo=(_sh(environment, "restore_files", *saved),),
                          why="status files and logs of the jobs stay"))
    return tuple(steps)


def _save(now: InstalledSchedules, environment: Environment) -> Step:
    return Step("schedule-save", "Save the current programs and timers, for an undo",
                (_sh(environment, "save", *_names(now)),))


def _programs(now: InstalledSchedules, environment: Environment, texts: dict[str, str]) -> Step:
    folder = schedules_folder(environment)
    writes = tuple(WriteFile(f"{folder}/{name}", text, 0o755 if name in _names(now) else 0o644)
                   for name, text in texts.items())
    return Step("schedule-programs", f"Write {len(texts)} programs to {folder}", writes,
                undo=(_sh(environment, "restore_files", *texts),), why="the very programs that the runbooks run")


def _announce(now: InstalledSchedules, environment: Environment) -> Step:
    folder = schedules_folder(environment)
    added = (name for name in _names(now) if name not in now.installed)
    return Step("schedule-announce", "Note the schedules as installed" if environment.no_monitoring_reason
                else "Announce the schedules to Prometheus",
                tuple(Command((f"{folder}/{name}", "--announce")) for name in _names(now)),
                undo=(_sh(environment, "forget", *added),),
                why="from now on a job that never runs counts as missed")


def _crontab_lines(now: InstalledSchedules, environment: Environment) -> Step | None:
    block = cron_block(environment)
    if now.crontab == block:
        return None
    return Step("schedule-timer", f"Add the jobs to the crontab of {now.user}",
                (_crontab(environment, block),),
                undo=(_sh(environment, "restore_crontab"),),
                why="other lines stay as they are; ours are between two markers")


def _systemd_timers(now: InstalledSchedules, environment: Environment) -> Step | None:
    folder, texts = _unit_folder(now), units(environment)
    same = all(now.files.get(f"{folder}/{name}") == _sha256(text) for name, text in texts.items())
    if set(_names(now)) <= now.timers and same and not now.crontab and not now.old_units:
        return None
    writes = (WriteFile(f"{folder}/{name}", text) for name, text in texts.items())
    # cron and systemd both would run every job twice
    no_cron = (_crontab(environment, ""),) if now.crontab else ()
    no_old = (_sh(environment, "remove_old_units", *_names(now)),) if now.old_units else ()
    return Step("schedule-timer", f"Add the jobs to systemd's timers of {now.user}",
                (Command(("mkdir", "-p", folder)), *writes,
                 _sh(environment, "enable_timers", *_names(now)), *no_old, *no_cron),
                undo=(_sh(environment, "restore_crontab"), _sh(environment, "restore_units", *_names(now))),
                why="Persistent=true: a server that was off makes up for it")


def _test_run(now: InstalledSchedules, environment: Environment, name: str) -> Step:
    return Step("schedule-test-run", f"Run {name} now, as {now.scheduler} would",
                (_sh(environment, "test_run", name, now.scheduler, timeout_s=TEST_RUN_LIMIT_S),),
                why="a schedule that exists may still fail: the same program in the same bare environment")


def _names(now: InstalledSchedules) -> tuple[str, ...]:
    return tuple(schedule.name for schedule in now.planned)


def _unit_folder(now: InstalledSchedules) -> str:
    return f"{now.home}/.config/systemd/user"


def _crontab(environment: Environment, block: str) -> Command:
    return _sh(environment, "set_crontab", block)


def _sh(environment: Environment, step: str, *words: str, timeout_s: float = 60.0) -> Command:
    text = programs.text("recovery/crontab.sh", "recovery/schedules.sh")
    argv = ("bash", "-s", "--", step, schedules_folder(environment), *identity(environment), *words)
    return Command(argv, stdin=text, timeout_s=timeout_s)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
