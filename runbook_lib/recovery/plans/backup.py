"""The backup of the database: what will be done, in which order, and which old backups may go.

The program that does it on the server is `backup_database.sh` beside this module; a schedule can run the very same
text. A dump gets its final name only after it was read to its end and compared with its own snapshot.
"""

from __future__ import annotations

from datetime import timedelta

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.plans.compose import compose
from runbook_lib.recovery.facts.backups import Backup, Backups, clock_problem

DUMP_LIMIT_S = 3600


def plan_backup(backups: Backups, environment: Environment) -> Plan:
    """Dump, check, publish, and only then prune. Never empty: a backup is always worth taking."""
    leftovers = [left for left in backups.leftovers if not left.held]
    skipped = []
    steps = [_dump(environment), _check(environment), _publish(environment)]
    if leftovers:
        steps.insert(0, _clear(environment, sum(left.size_bytes for left in leftovers)))
    names = tuple(backup.name for backup in expired(backups, environment))
    if names:
        steps.append(_prune(environment, names))
    else:
        skipped.append(SkippedStep("Delete old backups", why_nothing_expires(backups, environment)))
    newest = backups.newest.name if backups.newest else None
    return Plan(
        f"back up {backups.database}",
        environment.name,
        tuple(steps),
        skipped=tuple(skipped),
        facts={"newest backup": newest},
    )


def expired(backups: Backups, environment: Environment) -> tuple[Backup, ...]:
    """Good backups that are older than `keep_days`, oldest first, without the newest `keep_newest`.

    Newest by their times, and newest by their numbers: after a week with a wrong clock, the last ones bear old names.
    None on a doubtful clock. What is damaged, unverified or foreign never expires: a person decides about it.
    """
    if clock_problem(backups):
        return ()
    limit, keep = timedelta(days=environment.backup.keep_days), environment.backup.keep_newest
    by_number = sorted(backups.good, key=_number, reverse=True)
    stay = {one.name for one in (*backups.good[:keep], *by_number[:keep])}
    old = [one for one in backups.good if one.name not in stay and backups.age(one) > limit]
    return tuple(reversed(old))


def _number(backup: Backup) -> int:
    return backup.manifest.number if backup.manifest else 0


def why_nothing_expires(backups: Backups, environment: Environment) -> str:
    """The reason for an empty prune, for the plan to show."""
    doubt = clock_problem(backups)
    if doubt:
        return f"nothing is deleted on a doubtful clock: {doubt}"
    rules = environment.backup
    return f"no verified backup is older than {rules.keep_days} days beyond the newest {rules.keep_newest}"


def backup_program() -> str:
    """The whole program that backs up a database, as `bash -s -- STEP DIRECTORY DATABASE …` takes it."""
    return programs.text("recovery/inspect_dump.sh", "recovery/snapshot_queries.sh", "recovery/backup_database.sh")



def scheduled_steps(environment: Environment) -> tuple[tuple[str, Command], ...]:
    """The backup as a schedule runs it: the same steps by key; what expires is decided on the server."""
    rules = environment.backup
    expire = _program(environment, "expire", str(rules.keep_newest), str(rules.keep_days), timeout_s=600)
    made = (_clear(environment, 0), _dump(environment), _check(environment), _publish(environment))
    commands = ((step.key, action) for step in made for action in step.actions if isinstance(action, Command))
    return (*commands, ("backup-expire", expire))


def _program(environment: Environment, step: str, *words: str, timeout_s: float) -> Command:
    rules = environment.backup
    argv = ("bash", "-s", "--", step, rules.directory, rules.database, *words)
    return Command(argv, stdin=backup_program(), timeout_s=timeout_s)


def _clear(environment: Environment, size_bytes: int) -> Step:
    return Step(
        "backup-clear",
        "Clear what an unfinished backup left",
        (_program(environment, "clear", timeout_s=60),),
        why=f"{size_bytes / 1e6:.1f} MB of a backup that never finished; refused while one is running",
    )


def _dump(environment: Environment) -> Step:
    inside = compose(environment, "exec", "-T", "postgres").argv
    dump = _program(
        environment, "dump", environment.backup.user, str(DUMP_LIMIT_S), *inside, timeout_s=DUMP_LIMIT_S + 60
    )
    return Step(
        "backup-dump",
        f"Dump {environment.backup.database} into a .partial file",
        (dump,),
        undo=(_program(environment, "clear", timeout_s=60),),
        why="rows and contents of every table are recorded from the very snapshot that pg_dump reads",
    )


def _check(environment: Environment) -> Step:
    return Step(
        "backup-check",
        "Read the dump to its end and compare it with the snapshot",
        (_program(environment, "check", timeout_s=DUMP_LIMIT_S),),
        why="gzip intact, ends where a dump ends, every table with all its rows",
    )


def _publish(environment: Environment) -> Step:
    rules = environment.backup
    return Step(
        "backup-publish",
        f"Write the manifest and give the dump its name in {rules.directory}",
        (_program(environment, "publish", timeout_s=DUMP_LIMIT_S),),
        why=f"{rules.database}_YYYYMMDD_HHMMSS.sql.gz, the snapshot's time; such a file is always a checked backup",
    )


def _prune(environment: Environment, names: tuple[str, ...]) -> Step:
    keep, days = environment.backup.keep_newest, environment.backup.keep_days
    return Step(
        "backup-prune",
        f"Delete {len(names)} verified backup{'s' if len(names) > 1 else ''} older than {days} days",
        (_program(environment, "prune", str(keep), *names, timeout_s=120),),
        why=f"runs only after the new backup is proven; the newest {keep} good ones stay, whatever their age",
    )
