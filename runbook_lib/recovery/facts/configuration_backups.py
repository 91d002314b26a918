"""The configuration as it is on the server now, against the repository of its backups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.times import from_epoch
from runbook_lib.environment import Environment

CLOCK_TOLERANCE = timedelta(minutes=2)
_WORDS = {"A": "new", "M": "changed", "D": "gone", "T": "changed kind"}


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
    """`left`: path to why it stays out; `leaks`: secret and file; `searched` is False when the search was impossible.

    `clone`: "good", or what is wrong with a fresh clone of the repository; None when none was asked for. `differs`:
    what that clone has other than the server; `clone_files`: how many files it has.
    """

    server_clock: datetime
    our_clock: datetime
    collected: int
    searched: bool
    writable: bool
    size_bytes: int = 0
    left: tuple[tuple[str, str], ...] = ()
    leaks: tuple[tuple[str, str], ...] = ()
    changes: tuple[Change, ...] = ()
    commits: tuple[Commit, ...] = ()
    clone: str | None = None
    clone_files: int = 0
    differs: tuple[str, ...] = ()

    @property
    def tip(self) -> str | None:
        """The newest backup's commit."""
        return self.commits[0].commit if self.commits else None

    @property
    def clock_apart_s(self) -> float:
        """Seconds between the server's clock and ours."""
        return abs((self.server_clock - self.our_clock).total_seconds())

    @property
    def change_table(self) -> list[dict[str, Any]]:
        """One row a file that a backup would commit."""
        return [{"file": change.path, "since the last backup": change.kind} for change in self.changes]

    @property
    def left_table(self) -> list[dict[str, Any]]:
        """One row a path that no backup takes, with the reason."""
        return [{"left out": path, "because": why} for why, path in self.left]

    @property
    def commit_table(self) -> list[dict[str, Any]]:
        """One row a backup, newest first."""
        return [{"commit": one.commit[:12], "at": one.at, "what": one.subject} for one in self.commits]


def configuration_backups_of(environment: Environment, *, clone: bool = False) -> Question[ConfigurationBackups]:
    """What a configuration backup would commit now. With `clone`, the repository is also cloned, checked and compared.

    Raises FactUnreadable. Nothing outside a temporary folder is written.
    """
    rules = environment.configuration_backup
    argv = ("bash", "-s", "--", environment.server.directory, rules.repository, "clone" if clone else "no",
            *source_words(environment))
    text = programs.text("recovery/configuration_files.sh", "recovery/configuration_survey.sh")

    def fetch(connections: Connections) -> ConfigurationBackups:
        reply = connections.server.run(Command(argv, stdin=text, timeout_s=120))
        return parse_configuration(reply.stdout, our_clock=datetime.now(UTC))

    return Question("configuration backups", fetch)


def source_words(environment: Environment) -> tuple[str, ...]:
    """Which paths are taken, as both programs want them: the project's, `--`, the server's."""
    rules = environment.configuration_backup
    return (*rules.project_paths, "--", *rules.server_paths)


def parse_configuration(text: str, *, our_clock: datetime) -> ConfigurationBackups:
    """The records of `configuration_survey.sh` as a value. Raises FactUnreadable."""
    records = [line.split("\t") for line in text.splitlines()]
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
            left=tuple((fields[1], fields[2]) for fields in records if fields[0] == "left"),
            leaks=tuple((fields[1], fields[2]) for fields in records if fields[0] == "leak"),
            changes=tuple(Change(fields[2], _WORDS[fields[1]]) for fields in records if fields[0] == "change"),
            commits=tuple(
                Commit(fields[1], from_epoch(fields[2]), fields[3]) for fields in records if fields[0] == "commit"
            ),
            clone=single.get("clone"),
            clone_files=int(single.get("files", 0)),
            differs=tuple(fields[1] for fields in records if fields[0] == "differs"),
        )
    except (KeyError, ValueError, IndexError, OverflowError, OSError) as cause:
        raise FactUnreadable(
            f"The survey of the configuration cannot be read: {cause}.",
            where="the server",
            next_step="Run again; if it stays, look whether git works on the server and whether its disk has room.",
        ) from cause


# Which volumes Compose keeps, what lies in the two archive folders, and how many rotated logs wait.
_FILES_SURVEY = r"""
files=$1 logs=$2; shift 2
for one in "$files"/*.tar.gz; do [ -e "$one" ] || continue
    good=no; (cd -- "$files" && sha256sum --quiet -c -- "${one##*/}.sha256" >/dev/null 2>&1) && good=yes
    printf 'archive\t%s\t%s\t%s\t%s\n' "${one##*/}" "$(stat -c %s -- "$one")" "$good" \
        "$(cat -- "$one.files" 2>/dev/null | wc -l)"
done
find "$logs" -mindepth 2 -maxdepth 2 -name '*.gz' -printf 'log\t%P\t%s\n' 2>/dev/null | sort
"$@" </dev/null | sed 's/^/volume\t/'
echo end
"""


@dataclass(frozen=True)
class Archive:
    """One archive of files. `intact`: its bytes are those that were recorded when it was made."""

    name: str
    size_bytes: int
    intact: bool
    files: int


@dataclass(frozen=True)
class KeptFiles:
    """Archives of files, kept logs (path and bytes), and the data volumes that Compose knows."""

    archives: tuple[Archive, ...]
    logs: tuple[tuple[str, int], ...]
    volumes: tuple[str, ...]

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row an archive, newest first; the logs are the last row."""
        newest_first = sorted(self.archives, key=lambda one: one.name, reverse=True)
        rows = [{"what": one.name, "files": one.files, "size_bytes": one.size_bytes, "intact": one.intact}
                for one in newest_first]
        size = sum(size for _, size in self.logs)
        return [*rows, {"what": "rotated logs", "files": len(self.logs), "size_bytes": size, "intact": None}]


def kept_files_of(environment: Environment, list_volumes: Command) -> Question[KeptFiles]:
    """What the backup folders hold of files, logs. `list_volumes` lists Compose's volumes. Raises FactUnreadable."""
    rules = environment.configuration_backup
    argv = ("bash", "-c", _FILES_SURVEY, "survey", rules.files_directory, rules.logs_directory, *list_volumes.argv)

    def fetch(connections: Connections) -> KeptFiles:
        return parse_kept_files(connections.server.run(Command(argv, timeout_s=120)).stdout)

    return Question("kept files", fetch)


def parse_kept_files(text: str) -> KeptFiles:
    """The records of the survey as a value. Raises FactUnreadable."""
    records = [line.split("\t") for line in text.splitlines()]
    try:
        if not records or records[-1] != ["end"]:
            raise ValueError("the reply was cut short")
        return KeptFiles(
            tuple(Archive(name, int(size), good == "yes", int(files))
                  for kind, name, size, good, files in (fields for fields in records if fields[0] == "archive")),
            tuple((fields[1], int(fields[2])) for fields in records if fields[0] == "log"),
            tuple(sorted(fields[1] for fields in records if fields[0] == "volume")),
        )
    except (ValueError, IndexError) as cause:
        raise FactUnreadable(f"The survey of kept files cannot be read: {cause}.", where="the server",
                             next_step="Look at the backup folders on the server, then run again.") from cause
