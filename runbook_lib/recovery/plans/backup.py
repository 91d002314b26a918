"""The backup of the database: what will be done, in which order, and which old backups may be deleted.

`backup_database.sh` does it on the server; a schedule runs the very same text. A dump gets its final name only after it
was read to its end and compared with its own snapshot.
"""

from __future__ import annotations

from datetime import timedelta

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import PreconditionFailed
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.platform.plans.compose import compose
from runbook_lib.recovery.facts.backups import INSTALL, Backup, Backups

DUMP_LIMIT_S = 3600
PUBLISH = "backup-publish"
EXPIRE = "backup-expire"  # a step of the schedule alone


def plan_backup(backups: Backups, environment: Environment) -> Plan:
    """Dump, verify, publish, and only then prune. Empty only where there is no database: a backup is worth taking.

    Raises PreconditionFailed where the server lacks the programs that read dumps: every plan with a backup in it is
    refused then, before its first step.
    """
    if environment.database is None:
        return Plan("back up nothing", environment.name, reason=environment.no_database_reason)
    if backups.lacking:
        raise PreconditionFailed(f"The server cannot read dumps: it has no {', '.join(backups.lacking)}.",
                                 where=backups.directory, next_step=INSTALL)
    steps = [_dump(environment), _verify(environment), _publish(environment)]
    if backups.interrupted:
        steps.insert(0, _clear(environment, sum(one.size_bytes for one in backups.interrupted)))
    skipped = []
    names = tuple(backup.name for backup in expired(backups, environment))
    if names:
        steps.append(_prune(environment, names))
    else:
        skipped.append(SkippedStep("Delete old backups", _reason_to_keep_all(backups, environment)))
    return Plan(
        f"back up {backups.database}",
        environment.name,
        tuple(steps),
        skipped=tuple(skipped),
        facts={"newest backup": backups.newest.name if backups.newest else None},
        achieves=f"{backups.database} on {environment.name} is backed up: every row is in the dump, which was read "
        "again",
    )


def expired(backups: Backups, environment: Environment) -> tuple[Backup, ...]:
    """Good backups that are older than `keep_days`, oldest first, without the newest `keep_newest`.

    Newest by their times, and newest by their numbers: after a week with a wrong clock, the last ones have old names.
    None while the clock cannot be trusted. What is damaged, unverified or foreign never expires: an operator decides.
    """
    if backups.clock_problem:
        return ()
    limit, keep = timedelta(days=environment.backup.keep_days), environment.backup.keep_newest
    # what another PostgreSQL server made stays, and counts for nothing: its rules may be others
    good = [one for one in backups.good if one.manifest and one.manifest.system in ("", backups.system)]
    # by number as well, because a clock that was late for a week gave the last backups old names
    by_number = sorted(good, key=lambda backup: backup.number, reverse=True)
    stay = {one.name for one in (*good[:keep], *by_number[:keep])}
    old = [one for one in good if one.name not in stay and backups.age(one) > limit]
    return tuple(reversed(old))


def backup_program() -> str:
    """The whole program that backs up a database, as `bash -s -- STEP DIRECTORY DATABASE …` takes it."""
    return programs.text("platform/whole_lines.sh", "recovery/dump_contents.sh", "recovery/compression.sh",
                         "recovery/snapshot_queries.sh", "recovery/folder_owner.sh", "recovery/backup_database.sh")


def scheduled_steps(environment: Environment) -> tuple[tuple[str, Command], ...]:
    """The backup as a schedule runs it: the same steps by key; what expires is decided on the server."""
    rules = environment.backup
    expire = _program(environment, "expire", str(rules.keep_newest), str(rules.keep_days), timeout_s=600)
    steps = (_clear(environment, 0), _dump(environment), _verify(environment), _publish(environment))
    commands = ((step.key, action) for step in steps for action in step.actions if isinstance(action, Command))
    return (*commands, (EXPIRE, expire))


def _reason_to_keep_all(backups: Backups, environment: Environment) -> str:
    if backups.clock_problem:
        return f"nothing is deleted while the clock cannot be trusted: {backups.clock_problem}"
    rules = environment.backup
    return f"no verified backup is older than {rules.keep_days} days beyond the newest {rules.keep_newest}"


def _program(environment: Environment, step: str, *words: str, timeout_s: float) -> Command:
    directory, database = environment.backup.directory, environment.postgres.name
    argv = ("bash", "-s", "--", step, directory, database, environment.project, *words)
    return Command(argv, stdin=backup_program(), timeout_s=timeout_s)


def _clear(environment: Environment, size_bytes: int) -> Step:
    return Step(
        "backup-clear",
        "Clear the remains of an interrupted backup",
        (_program(environment, "clear", timeout_s=60),),
        why=f"{size_bytes / 1e6:.1f} MB of a backup that never finished; refused while one is running",
    )


def _dump(environment: Environment) -> Step:
    # through Compose, because the server has no PostgreSQL client of its own
    prefix = compose(environment, "exec", "-T", environment.postgres.service).argv
    user, limit = environment.postgres.owner, str(DUMP_LIMIT_S)
    return Step(
        "backup-dump",
        f"Dump {environment.postgres.name} into a .partial file",
        # a minute more than the program's own limit, so that it can report why it stopped
        (_program(environment, "dump", user, limit, *prefix, timeout_s=DUMP_LIMIT_S + 60),),
        undo=(_program(environment, "clear", timeout_s=60),),
        kept_by=PUBLISH,
        why="what it holds is recorded on its way, and its rows are counted in the very snapshot that pg_dump reads",
    )


def _verify(environment: Environment) -> Step:
    return Step(
        "backup-check",
        "Compare the dump with the snapshot, and read its bytes again",
        (_program(environment, "check", timeout_s=DUMP_LIMIT_S),),
        why="PostgreSQL's end marker in place, all rows of every table, the disk returns what was written",
    )


def _publish(environment: Environment) -> Step:
    return Step(
        PUBLISH,
        f"Write the manifest and give the dump its name in {environment.backup.directory}",
        (_program(environment, "publish", timeout_s=DUMP_LIMIT_S),),
        keeps="the backup {published}",
        why=f"{environment.postgres.name}_YYYYMMDD_HHMMSS.sql.gz, the snapshot's time; such a file is always a "
        "verified backup",
    )


def _prune(environment: Environment, names: tuple[str, ...]) -> Step:
    keep, days = environment.backup.keep_newest, environment.backup.keep_days
    return Step(
        "backup-prune",
        f"Delete {pluralize(len(names), 'verified backup')} older than {days} days",
        # the program checks every name again: the folder may have changed since the plan
        (_program(environment, "prune", str(keep), *names, timeout_s=120),),
        why=f"runs only after the new backup is verified; the newest {keep} good ones stay, whatever their age",
    )
