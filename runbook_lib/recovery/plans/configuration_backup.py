"""The backup of configuration, files and logs: what will be done, and why nothing where nothing changed.

`configuration_files.sh` and `backup_configuration.sh` do it on the server; a schedule runs the very same text.
"""

from __future__ import annotations

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.core.questions import Question
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.environment.recovery import StaticAssets
from runbook_lib.platform.plans.compose import compose
from runbook_lib.recovery.facts.archived_files import ArchivedFiles, archived_files
from runbook_lib.recovery.facts.configuration_backups import ConfigurationBackups, secrets_source, source_arguments

COMMIT = "configuration-commit"
PUSH = "configuration-push"
LIVE_COLOUR = "COLOUR"  # `backup_configuration.sh` replaces it by the colour that has the traffic


def plan_configuration_backup(now: ConfigurationBackups, environment: Environment) -> Plan:
    """Commit what changed, push it where a remote is named, archive files, archive rotated logs."""
    rules = environment.configuration_backup
    steps, skipped = [], []
    if now.changes:
        steps.append(_commit(environment, now))
    else:
        skipped.append(SkippedStep("Commit the configuration", f"nothing changed since {(now.tip or '')[:12]}"))
    if rules.remote is None:
        skipped.append(SkippedStep("Push to a remote", "configuration_backup.remote is not set"))
    elif now.changes or now.tip:
        steps.append(_push(environment, rules.remote))
    steps += _archives(environment)
    if not rules.uploads:
        skipped.append(SkippedStep("Archive user uploads", str(rules.no_uploads_reason)))
    steps.append(_logs(environment, delete=now.clock_trusted))
    if not now.clock_trusted:
        skipped.append(SkippedStep("Delete old logs",
                                   f"the server's clock and ours are {now.clock_apart_s:.0f} s apart"))
    changes = [f"{change.kind} {change.path}" for change in now.changes]
    return Plan("back up the configuration", environment.name, tuple(steps), skipped=tuple(skipped),
                facts={"last backup": now.tip, "changes": changes},
                achieves=f"The configuration, files and rotated logs of {environment.name} are backed up")


def survey_files(environment: Environment) -> Question[ArchivedFiles]:
    """What the backup folders hold of files and logs, and which volumes Compose has. Raises FactUnreadable."""
    return archived_files(environment, compose(environment, "config", "--volumes"))


def configuration_program(first_line: str = "") -> str:
    """The text that all steps run, manually and by schedule, as `bash -s -- STEP DIRECTORY …` takes it."""
    return first_line + programs.text("platform/compression.sh", "recovery/configuration_files.sh",
                                      "recovery/folder_owner.sh", "recovery/backup_configuration.sh")


def commit_command(environment: Environment) -> Command:
    """Collect, search for secrets, and commit when something changed."""
    return _program(environment, "commit", environment.configuration_backup.repository, *source_arguments(environment),
                    timeout_s=300)


def scheduled_steps(environment: Environment) -> tuple[tuple[str, Command], ...]:
    """The same work as a schedule does it: key and command of each step."""
    remote = environment.configuration_backup.remote
    push = ((PUSH, _push_command(environment, remote)),) if remote else ()
    steps = (*_archives(environment), _logs(environment, delete=True))
    commands = ((step.key, action) for step in steps for action in step.actions if isinstance(action, Command))
    return ((COMMIT, commit_command(environment)), *push, *commands)


def _program(environment: Environment, step: str, *words: str, timeout_s: float) -> Command:
    argv = ("bash", "-s", "--", step, environment.server.directory, environment.project, *words)
    return Command(argv, stdin=configuration_program(secrets_source(environment)), timeout_s=timeout_s)


def _commit(environment: Environment, now: ConfigurationBackups) -> Step:
    repository = environment.configuration_backup.repository
    return Step(
        COMMIT,
        f"Search {now.collected} files for secrets, then commit {pluralize(len(now.changes), 'change')}",
        (commit_command(environment),),
        # back to the very commit of the plan: commits that others added since are not removed
        undo=(_program(environment, "uncommit", repository, now.tip or "none", timeout_s=60),),
        why=f"a copy is searched for every secret's value, and that very copy is committed to {repository}",
    )


def _push(environment: Environment, remote: str) -> Step:
    return Step(PUSH, "Push the commits to the remote", (_push_command(environment, remote),),
                why="a backup on the machine that it backs up is lost with it; a remote is never overwritten")


def _push_command(environment: Environment, remote: str) -> Command:
    return _program(environment, "push", environment.configuration_backup.repository, remote, timeout_s=300)


def _archives(environment: Environment) -> tuple[Step, ...]:
    """One step for the static assets and one for each folder of uploads."""
    folders = environment.configuration_backup.archived_folders
    return tuple(_archive(environment, name, folder) for name, folder in folders)


def _archive(environment: Environment, name: str, folder: str | StaticAssets) -> Step:
    """One folder, of the server or of a service's container."""
    rules, live_colour = environment.configuration_backup, False
    stream: tuple[str, ...] = ()
    path = folder if isinstance(folder, str) else folder.path
    if not isinstance(folder, str):
        known = environment.services.get(folder.service)
        live_colour = known is not None and known.coloured
        # assets are in the image: only the container that serves them has exactly what users get
        container = f"{folder.service}-{LIVE_COLOUR}" if live_colour else folder.service
        # by the engine, whatever the image lacks; what the folder holds, also where it is a link
        stream = compose(environment, "cp", f"{container}:{path.rstrip('/')}/.", "-").argv
    words = (name, rules.files_directory, str(rules.keep_files), path, *stream)
    return Step(
        f"files-{name}",
        f"Archive {path}{' of the live colour' if live_colour else ''} in {rules.files_directory}",
        (_program(environment, "archive", *words, timeout_s=1800),),
        why=f"with the sha256 of every file; the same contents are kept once; the newest {rules.keep_files} archives "
        "stay",
    )


def _logs(environment: Environment, *, delete: bool) -> Step:
    """Archive rotated logs; with `delete`, remove archived ones that are past their days."""
    rules = environment.configuration_backup
    days = str(rules.keep_log_days if delete else 0)
    return Step(
        "logs",
        f"Archive rotated logs in {rules.logs_directory}" + (f" for {rules.keep_log_days} days" if delete else ""),
        (_program(environment, "logs", rules.logs_directory, days, *rules.log_folders, timeout_s=1800),),
        why="ages come from the file names; nothing is deleted after the clock has jumped",
    )
