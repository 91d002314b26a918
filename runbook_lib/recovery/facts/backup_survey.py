"""Reading the backup folder: one program on the server, whose records become a value."""

from __future__ import annotations

import base64
import binascii
import io
import tarfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.core.times import date_seconds, from_timestamp
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.backups import Backup, Backups, PartialBackup
from runbook_lib.recovery.facts.manifests import MANIFEST_SUFFIX, SUFFIX, manifest_name, parse_manifest, taken_at

SURVEY_TIMEOUT_S = 300.0  # checksums of several dumps are part of it
_UNREADABLE = (ValueError, TypeError, IndexError, AttributeError, binascii.Error, tarfile.TarError, zlib.error, OSError,
               EOFError)
OWNER_FILE = ".runbook-project"  # `folder_owner.sh` has the same name
_WRITABLE = {"writable": True, "read-only": False, "absent": None}


def survey(environment: Environment, *, checksums: int | None = None) -> Question[Backups]:
    """The backup folder. The newest `checksums` dumps are read to their last byte (None: `backup.keep_newest` of them).

    Without a database none of its files is a backup. Raises FactUnreadable when the server's reply is not a survey.
    """
    rules, (_, database, _) = environment.backup, environment.database_words
    amount = rules.keep_newest if checksums is None else checksums
    argv = ("bash", "-s", "--", rules.directory, database, str(amount))

    def fetch(connections: Connections) -> Backups:
        command = Command(argv, stdin=survey_program(), timeout_s=SURVEY_TIMEOUT_S)
        reply = connections.server.run(command)
        return parse_survey(reply.stdout, rules.directory, database, environment.project,
                            our_clock=datetime.now(UTC))

    return Question("backups", fetch)


def survey_program() -> str:
    """The whole program that reads a backup folder, as `bash -s -- DIRECTORY DATABASE CHECKSUMS` takes it."""
    return programs.text("recovery/required_programs.sh", "recovery/folder_owner.sh", "recovery/backups_survey.sh")


def partial_names(database: str) -> tuple[str, ...]:
    """Names of the files of an unfinished backup; `backup_database.sh` writes the same four."""
    return tuple(f"{database}.{part}.partial" for part in ("sql.gz", "contents", "checked", "manifest.json"))


def parse_survey(text: str, directory: str, database: str, project: str, *, our_clock: datetime) -> Backups:
    """The records that `backups_survey.sh` prints, as a value. `project` is whose backups are meant.

    Raises FactUnreadable.
    """
    records = _Records()
    for line in lines_of(text):
        try:
            records.add(*line.split("\t"))
        except _UNREADABLE as cause:
            raise _unreadable(directory, f"the line {head_of(line, 80)!r} cannot be parsed as a record") from cause
    if records.clock is None or records.folder is None:
        raise _unreadable(directory, "the reply ends before the survey begins")
    times = {name: time for name in records.files if (time := taken_at(name, database)) is not None}
    manifests = {manifest_name(name) for name in times}
    partials = set(partial_names(database)) & set(records.files)
    found = [records.backup(name, times[name], project) for name in sorted(times, reverse=True)]
    orphans = {name for name in records.manifests if name not in manifests and _is_manifest(name, database)}
    return Backups(
        directory,
        database,
        records.clock,
        our_clock,
        _WRITABLE[records.folder],
        records.free_bytes,
        records.size_bytes,
        tuple(one for one in found if not one.project),
        tuple(PartialBackup(name, records.files[name], name in records.locked) for name in sorted(partials)),
        tuple(sorted(orphans)),
        tuple(sorted(set(records.files) - set(times) - manifests - partials - orphans - {OWNER_FILE})),
        records.lacking,
        "" if records.owner == project else records.owner,
        tuple(one for one in found if one.project),
        project,
    )


class _Records:
    """The records of one reply, collected while they are read."""

    def __init__(self) -> None:
        self.clock: datetime | None = None
        self.folder: str | None = None
        self.owner = ""
        self.lacking: tuple[str, ...] | None = None
        self.size_bytes = self.free_bytes = 0
        self.files: dict[str, int] = {}
        self.locked: set[str] = set()
        self.manifests: dict[str, str] = {}
        self.sha256: dict[str, str] = {}

    def add(self, kind: str, *fields: str) -> None:
        """One record; raises when it is not one."""
        if kind == "clock":
            self.clock = from_timestamp(date_seconds(fields[0]))
        elif kind == "lacks":
            self.lacking = tuple(fields[0].split(",")) if fields[0] else ()
        elif kind == "folder":
            self.folder = fields[0]
        elif kind == "owner":
            self.owner = fields[0]
        elif kind == "disk":
            self.size_bytes, self.free_bytes = (int(number) for number in fields[0].split())
        elif kind == "file":
            # only a plain file is a backup: a folder or a pipe under such a name counts as empty, and so as damaged
            self.files[_decoded(fields[3])] = int(fields[1]) if fields[0] == "f" else 0
        elif kind == "locked":
            self.locked.add(_decoded(fields[0]))
        elif kind == "manifests":
            self.manifests = dict(_unpacked(fields[0]))
        elif kind == "sha256":
            self.sha256[_decoded(fields[0])] = fields[1]
        else:
            raise ValueError(f"{kind!r} is not a record")

    def backup(self, name: str, time: datetime, project: str) -> Backup:
        """One backup; a manifest that cannot be parsed leaves it unverified.

        It is the project's that its manifest names; where that says nothing, the folder's owner's.
        """
        try:
            manifest = parse_manifest(self.manifests[manifest_name(name)])
        except (ValueError, KeyError, TypeError, AttributeError):
            manifest = None
        made_by = (manifest.project if manifest else "") or self.owner or project
        return Backup(name, time, self.files[name], manifest, self.sha256.get(name),
                      "" if made_by == project else made_by)


def _decoded(text: str) -> str:
    if text.startswith("="):
        return text[1:]
    return base64.b64decode(text, validate=True).decode("utf-8", "backslashreplace")


def _unpacked(text: str) -> Iterator[tuple[str, str]]:
    """Names and texts of the files in a packed archive."""
    packed = io.BytesIO(base64.b64decode(text, validate=True))
    with tarfile.open(fileobj=packed, mode="r:gz", encoding="utf-8", errors="backslashreplace") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                yield member.name, content.read().decode("utf-8", "backslashreplace")


def _is_manifest(name: str, database: str) -> bool:
    return taken_at(name.removesuffix(MANIFEST_SUFFIX) + SUFFIX, database) is not None


def _unreadable(directory: str, reason: str) -> FactUnreadable:
    return FactUnreadable(
        f"The backup folder could not be surveyed: {reason}.",
        where=directory,
        next_step="Check the folder on the server with `ls -la`, then run again.",
    )
