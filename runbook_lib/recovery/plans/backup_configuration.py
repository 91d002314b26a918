"""The backup of configuration, files and logs: what will be done, and why nothing where nothing changed.

The programs are `facts/configuration_files.sh` and `backup_configuration.sh`; a schedule runs the very same text.
"""

from __future__ import annotations

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.core.questions import Question
from runbook_lib.environment import Environment
from runbook_lib.platform.plans.compose import compose
from runbook_lib.recovery.facts.configuration_backups import (
    CLOCK_TOLERANCE,
    ConfigurationBackups,
    KeptFiles,
    kept_files_of,
    source_words,
)


def plan_configuration_backup(now: ConfigurationBackups, environment: Environment) -> Plan:
    """Commit what changed, push it where a remote is named, archive files, keep rotated logs."""
    rules = environment.configuration_backup
    steps, skipped = [], []
    if now.changes:
        steps.append(_commit(environment, now))
    else:
        skipped.append(SkippedStep("Commit the configuration", f"nothing changed since {(now.tip or '')[:12]}"))
    if rules.remote is None:
        skipped.append(SkippedStep("Push to a remote", "configuration_backup.remote names none"))
    elif now.changes or now.tip:
        steps.append(_push(environment))
    steps += archive_steps(environment)
    if not rules.uploads:
        skipped.append(SkippedStep("Archive user uploads", str(rules.no_uploads_reason)))
    trusted = now.clock_apart_s <= CLOCK_TOLERANCE.total_seconds()
    steps.append(logs_step(environment, delete=trusted))
    if not trusted:
        skipped.append(SkippedStep("Delete old logs",
                                   f"the server's clock and ours are {now.clock_apart_s:.0f} s apart"))
    changed = [f"{change.kind} {change.path}" for change in now.changes]
    return Plan("back up the configuration", environment.name, tuple(steps), skipped=tuple(skipped),
                facts={"last backup": now.tip, "changes": changed})


def kept_files(environment: Environment) -> Question[KeptFiles]:
    """What the backup folders hold of files and logs, and which volumes Compose knows."""
    return kept_files_of(environment, compose(environment, "config", "--volumes"))


def program() -> str:
    """The text that all steps run, by hand and by schedule."""
    return programs.text("recovery/configuration_files.sh", "recovery/backup_configuration.sh")


def commit_command(environment: Environment) -> Command:
    """Collect, search for secrets, and commit when something changed."""
    return _step(environment, "commit", environment.configuration_backup.repository, *source_words(environment),
                 timeout_s=300)


def push_command(environment: Environment) -> Command | None:
    """Push to the remote; None where the environment names none."""
    rules = environment.configuration_backup
    if rules.remote is None:
        return None
    return _step(environment, "push", rules.repository, rules.remote, timeout_s=300)


def scheduled_steps(environment: Environment) -> tuple[tuple[str, Command], ...]:
    """The same work as a schedule does it: key and command of each step."""
    push = push_command(environment)
    later = (*archive_steps(environment), logs_step(environment, delete=True))
    commands = ((step.key, action) for step in later for action in step.actions if isinstance(action, Command))
    return (
        ("configuration-commit", commit_command(environment)),
        *((("configuration-push", push),) if push else ()),
        *commands,
    )


def _step(environment: Environment, step: str, *words: str, timeout_s: float) -> Command:
    argv = ("bash", "-s", "--", step, environment.server.directory, *words)
    return Command(argv, stdin=program(), timeout_s=timeout_s)


def _commit(environment: Environment, now: ConfigurationBackups) -> Step:
    repository = environment.configuration_backup.repository
    back = _step(environment, "uncommit", repository, now.tip or "none", timeout_s=60)
    amount = len(now.changes)
    return Step(
        "configuration-commit",
        f"Search {now.collected} files for secrets, then commit {amount} change{'s' if amount > 1 else ''}",
        (commit_command(environment),),
        undo=(back,),
        why=f"a copy is searched for every secret's value, and that very copy is committed to {repository}",
    )


def _push(environment: Environment) -> Step:
    command = push_command(environment)
    assert command is not None
    return Step("configuration-push", "Push the commits to the remote", (command,),
                why="a backup beside what it backs up is lost with it; pushed forwards only")


def archive_steps(environment: Environment) -> tuple[Step, ...]:
    """One step for the static assets and one for each folder of uploads."""
    rules, steps = environment.configuration_backup, []
    if rules.static_assets is not None:
        service = rules.static_assets.service
        coloured = environment.services[service].coloured if service in environment.services else False
        inside = compose(environment, "exec", "-T", f"{service}-COLOUR" if coloured else service).argv
        steps.append(_archive(environment, "static-assets", rules.static_assets.path, inside))
    for path in rules.uploads:
        steps.append(_archive(environment, path.strip("/").replace("/", "-"), path, ()))
    return tuple(steps)


def _archive(environment: Environment, name: str, path: str, inside: tuple[str, ...]) -> Step:
    rules = environment.configuration_backup
    words = (name, rules.files_directory, str(rules.keep_files), path, *inside)
    command = _step(environment, "archive", *words, timeout_s=1800)
    return Step(
        f"files-{name}",
        f"Archive {path}{' of the live colour' if 'COLOUR' in ' '.join(inside) else ''} in {rules.files_directory}",
        (command,),
        why=f"with the sha256 of every file; equal contents are kept once; the newest {rules.keep_files} archives stay",
    )


def logs_step(environment: Environment, *, delete: bool) -> Step:
    """Keep rotated logs; with `delete`, let go those past their days."""
    rules = environment.configuration_backup
    days = str(rules.keep_log_days if delete else 0)
    command = _step(environment, "logs", rules.logs_directory, days, *rules.log_folders, timeout_s=1800)
    return Step(
        "logs",
        f"Keep rotated logs in {rules.logs_directory}" + (f" for {rules.keep_log_days} days" if delete else ""),
        (command,),
        why="ages come from the names; nothing is deleted on a clock that jumped",
    )
