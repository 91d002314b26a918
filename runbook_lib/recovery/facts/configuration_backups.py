"""The configuration as it is on the server now, compared with the repository of its backups."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question, Server
from runbook_lib.core.text import lines_of, pluralize, printable
from runbook_lib.core.times import from_epoch
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.compose_sources import ENV, Filled, named_by_compose, secrets_named_by_compose

CLOCK_TOLERANCE = timedelta(minutes=2)
_NO_FOLDER = 66
CLONE_GOOD = "good"
CLONE_EMPTY = "no backup yet"
_CHANGES = {"A": "new", "M": "changed", "D": "deleted", "T": "changed type"}


class Exclusion(StrEnum):
    """Why a path is in no backup; `configuration_files.sh` prints the same words."""

    MISSING = "missing"
    SECRET = "secret by name"
    UNREADABLE = "not readable"
    TOO_LARGE = "too large"
    ODD_NAME = "unusable name"


@dataclass(frozen=True)
class Change:
    """One file that differs from the last backup."""

    path: str
    kind: str


@dataclass(frozen=True)
class Commit:
    """One backup in the repository."""

    commit: str
    at: datetime
    subject: str


@dataclass(frozen=True)
class ConfigurationBackups:
    """`excluded`: reason and path; `leaks`: secret and file; `searched` is False when the search was impossible.

    `clone`: "good", or what is wrong with a fresh clone of the repository; None when none was requested. `differs`:
    what that clone has other than the server; `clone_files`: how many files it has. `owners`: the Compose project that
    each folder of backups belongs to, by its path; empty before the first backup. `unlisted`: files that the Compose
    files name and no backup takes; `unsaved_secrets`: those with secrets, which none may take, and git has not either;
    None: the project's folder cannot be entered.
    """

    server_clock: datetime
    our_clock: datetime
    collected: int
    searched: bool
    writable: bool
    size_bytes: int = 0
    excluded: tuple[tuple[Exclusion, str], ...] = ()
    leaks: tuple[tuple[str, str], ...] = ()
    changes: tuple[Change, ...] = ()
    commits: tuple[Commit, ...] = ()
    clone: str | None = None
    clone_files: int = 0
    differs: tuple[str, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)
    unlisted: tuple[str, ...] = ()
    unsaved_secrets: tuple[str, ...] | None = ()

    @property
    def tip(self) -> str | None:
        """The newest backup's commit."""
        return self.commits[0].commit if self.commits else None

    @property
    def clock_apart_s(self) -> float:
        """Seconds between the server's clock and ours."""
        return abs((self.server_clock - self.our_clock).total_seconds())

    @property
    def clock_trusted(self) -> bool:
        """Whether ages can be computed from the server's clock."""
        return self.clock_apart_s <= CLOCK_TOLERANCE.total_seconds()

    @property
    def change_table(self) -> list[dict[str, Any]]:
        """One row a file that a backup would commit; before the first backup, where all are new, one row a folder."""
        if self.commits:
            return [{"file": change.path, "since the last backup": change.kind} for change in self.changes]
        folders = Counter(_folder(change.path) for change in self.changes)
        return [{"file": name if count == 1 and not name.endswith("/") else f"{name}: {pluralize(count, 'file')}",
                 "since the last backup": "new, as everything"} for name, count in folders.items()]

    @property
    def excluded_table(self) -> list[dict[str, Any]]:
        """One row a path that no backup takes, with the reason."""
        return [{"excluded": path, "reason": str(reason)} for reason, path in self.excluded]

    @property
    def commit_table(self) -> list[dict[str, Any]]:
        """One row a backup, newest first."""
        return [{"commit": one.commit[:12], "at": one.at, "subject": one.subject} for one in self.commits]


def _folder(path: str) -> str:
    """The folder of a file, two levels at most, and a file of none as it is."""
    *folders, name = path.split("/")
    return "/".join((*folders[:2], "")) if folders else name


def survey_configuration(environment: Environment, *, clone: bool = False) -> Question[ConfigurationBackups]:
    """What a configuration backup would commit now. With `clone`, the repository is also cloned, checked and compared.

    Raises FactUnreadable. Nothing outside a temporary folder is written.
    """
    rules = environment.configuration_backup
    argv = ("bash", "-s", "--", environment.server.directory, rules.repository, "clone" if clone else "no",
            "\n".join((rules.repository, rules.files_directory, rules.logs_directory)), *source_arguments(environment))
    text = secrets_source(environment) + programs.text(
        "recovery/configuration_files.sh", "recovery/folder_owner.sh", "recovery/configuration_survey.sh")

    def fetch(connections: Connections) -> ConfigurationBackups:
        reply = connections.server.run(Command(argv, stdin=text, timeout_s=120))
        found = parse_configuration(reply.stdout, our_clock=datetime.now(UTC))
        read, filled = reader_of(environment, connections.server), names_of(environment, connections.server)
        return replace(found, unlisted=unlisted_files(environment, read, filled),
                       unsaved_secrets=unsaved_secrets(environment, connections.server, read, filled))

    return Question("configuration backups", fetch)


def unsaved_secrets(environment: Environment, server: Server, read: Callable[[str], str | None],
                    filled: Filled) -> tuple[str, ...] | None:
    """Files with secrets that the application's Compose files name, that are there, and that git has not as they are.

    Empty with two colours: there a deployment delivers them. None where the project's folder cannot be entered.
    """
    if not environment.release.replaced:
        return ()
    named = secrets_named_by_compose(tuple(environment.compose.files), read, filled, environment.compose.env_files)
    argv = ("bash", "-s", "--", environment.server.directory, *named)
    text = programs.text("recovery/compose_names.sh", "recovery/unsaved_secrets.sh")
    found = server.run(Command(argv, stdin=text, timeout_s=60, accepts=(0, _NO_FOLDER)))
    return None if found.exit_code == _NO_FOLDER else tuple(lines_of(printable(found.stdout)))


def _whole(environment: Environment, path: str) -> str:
    return posixpath.normpath(environment.server.path(path))


def reader_of(environment: Environment, server: Server) -> Callable[[str], str | None]:
    """What reads a file of the project as text: None where there is none."""

    def read(path: str) -> str | None:
        try:
            content = server.read(_whole(environment, path))
        except FactUnreadable:  # the survey itself names what this user cannot read
            return None
        return None if content is None else content.decode("utf-8", "replace")

    return read


def names_of(environment: Environment, server: Server) -> Filled:
    """What fills in the variables of a file's name on the server: empty where one has no value there."""

    @cache
    def filled(name: str, env_files: tuple[str, ...]) -> str:
        text = programs.text("recovery/compose_names.sh", "recovery/filled_names.sh")
        files = tuple(word for one in env_files for word in ("--env-file", one))
        argv = ("bash", "-s", "--", environment.server.directory, *files, name)
        reply = server.run(Command(argv, stdin=text, timeout_s=60, accepts=(0, _NO_FOLDER)))
        return printable(reply.stdout).strip("\n")

    return filled


def unlisted_files(environment: Environment, read: Callable[[str], str | None], filled: Filled) -> tuple[str, ...]:
    """Files that the project's Compose files name in turn, and that no path of the backup covers."""
    rules = environment.configuration_backup
    taken = (*environment.compose.files, *rules.project_paths, *rules.server_paths)
    covered = [f"{_whole(environment, path)}/" for path in taken]
    named = named_by_compose(tuple(environment.compose.files), read, filled, environment.compose.env_files)
    return tuple(path for path in named if not f"{_whole(environment, path)}/".startswith(tuple(covered)))


def secrets_source(environment: Environment) -> str:
    """The first line of both programs: where the values are that no backup may hold, and whether those are ours."""
    # a `.env` that is read no more may hold secrets all the same
    own = f"secrets_files=({' '.join(dict.fromkeys((*environment.compose.env_files, ENV)))}) own=yes\n"
    return own if environment.release.replaced else environment.compose.assignments


def source_arguments(environment: Environment) -> tuple[str, ...]:
    """Which paths are backed up, as arguments of both programs: the project's, `--`, the server's.

    The project's begin with its Compose files: they are named in one place, and none can be forgotten in the other.
    """
    rules = environment.configuration_backup
    within = tuple(f"{path.rstrip('/')}/" for path in rules.project_paths)
    compose_files = (name for name in environment.compose.files if not f"{name}/".startswith(within))
    return (*compose_files, *rules.project_paths, "--", *rules.server_paths)


def parse_configuration(text: str, *, our_clock: datetime) -> ConfigurationBackups:
    """The records of `configuration_survey.sh` as a value. Raises FactUnreadable."""
    records = [line.split("\t") for line in lines_of(text)]
    try:
        if not records or records[-1] != ["end"]:
            raise ValueError("the reply was cut short")
        single = {fields[0]: fields[1] for fields in records if len(fields) == 2}
        return ConfigurationBackups(
            server_clock=from_epoch(single["clock"]),
            our_clock=our_clock,
            collected=int(single["collected"]),
            searched="unsearched" not in single,
            writable=single.get("writable") == "yes",
            size_bytes=int(single.get("size", 0)),
            excluded=tuple((Exclusion(fields[1]), fields[2]) for fields in records if fields[0] == "excluded"),
            leaks=tuple((fields[1], fields[2]) for fields in records if fields[0] == "leak"),
            changes=tuple(Change(fields[2], _CHANGES[fields[1]]) for fields in records if fields[0] == "change"),
            commits=tuple(
                Commit(fields[1], from_epoch(fields[2]), fields[3]) for fields in records if fields[0] == "commit"
            ),
            clone=single.get("clone"),
            clone_files=int(single.get("files", 0)),
            owners={fields[1]: fields[2] for fields in records if fields[0] == "owner"},
            differs=tuple(fields[1] for fields in records if fields[0] == "differs"),
        )
    except (KeyError, ValueError, IndexError, OverflowError, OSError) as cause:
        raise FactUnreadable(
            f"The survey of the configuration cannot be parsed: {cause}.",
            where="the server",
            next_step="Run again; if it fails again, check that git works on the server and that its disk has space.",
        ) from cause
