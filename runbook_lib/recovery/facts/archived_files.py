"""What the backup folders hold of files and logs, and which data volumes Compose has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment


@dataclass(frozen=True)
class Archive:
    """One archive of files. `intact`: its bytes are those that were recorded when it was made."""

    name: str
    size_bytes: int
    intact: bool
    files: int

    def is_of(self, name: str) -> bool:
        """Whether it holds the folder whose archives are called so; the name of another may begin like it."""
        return re.fullmatch(re.escape(name) + r"_\d{8}_\d{6}_[0-9a-f]{16}\.tar\.gz", self.name) is not None


@dataclass(frozen=True)
class ArchivedFiles:
    """Archives of files, archived logs (path and bytes), and the data volumes that Compose has."""

    archives: tuple[Archive, ...]
    logs: tuple[tuple[str, int], ...]
    volumes: tuple[str, ...]

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row an archive, newest first; the logs are the last row."""
        newest_first = sorted(self.archives, key=lambda one: one.name, reverse=True)
        rows = [{"archive": one.name, "files": one.files, "size_bytes": one.size_bytes, "intact": one.intact}
                for one in newest_first]
        size = sum(size for _, size in self.logs)
        return [*rows, {"archive": "rotated logs", "files": len(self.logs), "size_bytes": size, "intact": None}]


def archived_files(environment: Environment, list_volumes: Command) -> Question[ArchivedFiles]:
    """What the backup folders hold. `list_volumes` prints Compose's volumes, one a line. Raises FactUnreadable."""
    rules = environment.configuration_backup
    argv = ("bash", "-s", "--", rules.files_directory, rules.logs_directory, *list_volumes.argv)
    text = programs.text("recovery/files_survey.sh")

    def fetch(connections: Connections) -> ArchivedFiles:
        return parse_archived_files(connections.server.run(Command(argv, stdin=text, timeout_s=120)).stdout)

    return Question("archived files", fetch)


def parse_archived_files(text: str) -> ArchivedFiles:
    """The records of `files_survey.sh` as a value. Raises FactUnreadable."""
    records = [line.split("\t") for line in lines_of(text)]
    try:
        if not records or records[-1] != ["end"]:
            raise ValueError("the reply was cut short")
        return ArchivedFiles(
            tuple(Archive(name, int(size), intact == "yes", int(files))
                  for kind, name, size, intact, files in (fields for fields in records if fields[0] == "archive")),
            tuple((fields[1], int(fields[2])) for fields in records if fields[0] == "log"),
            tuple(sorted(fields[1] for fields in records if fields[0] == "volume")),
        )
    except (ValueError, IndexError) as cause:
        raise FactUnreadable(f"The survey of archived files cannot be parsed: {cause}.", where="the server",
                             next_step="Check the backup folders on the server, then run again.") from cause
