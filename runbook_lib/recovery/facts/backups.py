"""What lies in the backup folder, and what of it can be trusted."""

from __future__ import annotations

import base64
import binascii
import io
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.times import parse_stamp
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.manifests import SUFFIX, Manifest, manifest_name, parse_manifest

CLOCK_TOLERANCE = timedelta(minutes=2)
SURVEY_TIMEOUT_S = 300.0  # checksums of several dumps are part of it
_NO_RECORD = (ValueError, TypeError, IndexError, AttributeError, binascii.Error, tarfile.TarError, zlib.error, OSError,
              EOFError)


class Trust(StrEnum):
    """How far one backup can be trusted."""

    VERIFIED = "verified"  # checked when it was made, and its bytes are still the same
    RECORDED = "recorded"  # checked when it was made; size unchanged, bytes not read again
    DAMAGED = "damaged"  # differs from its manifest
    UNVERIFIED = "unverified"  # no readable manifest: nobody knows


@dataclass(frozen=True)
class Backup:
    """One dump in the folder. `taken_at` comes from its name: file times move when files are copied."""

    name: str
    taken_at: datetime
    size_bytes: int
    manifest: Manifest | None
    sha256: str | None = None

    @property
    def trust(self) -> Trust:
        if self.manifest is None:
            return Trust.UNVERIFIED
        if (self.manifest.file, self.manifest.size_bytes) != (self.name, self.size_bytes):
            return Trust.DAMAGED
        if taken_at(self.name, self.manifest.database) is None:  # a dump of another database under this one's name
            return Trust.DAMAGED
        if self.sha256 is None:
            return Trust.RECORDED
        return Trust.VERIFIED if self.sha256 == self.manifest.sha256 else Trust.DAMAGED

    @property
    def good(self) -> bool:
        """Nothing known speaks against it."""
        return self.trust in (Trust.VERIFIED, Trust.RECORDED)


@dataclass(frozen=True)
class Leftover:
    """What an unfinished backup left. `held` means that the backup is still running."""

    name: str
    size_bytes: int
    held: bool


@dataclass(frozen=True)
class Backups:
    """The backup folder. `backups` newest first; `foreign` files are of no concern to us and never touched.

    `server_clock` and `our_clock` were read in the same moment; `orphans` are manifests whose dump is gone.
    """

    directory: str
    database: str
    server_clock: datetime
    our_clock: datetime
    writable: bool | None
    free_bytes: int = 0
    size_bytes: int = 0
    backups: tuple[Backup, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    orphans: tuple[str, ...] = ()
    foreign: tuple[str, ...] = field(default=())

    @property
    def good(self) -> tuple[Backup, ...]:
        """Backups that nothing known speaks against, newest first."""
        return tuple(backup for backup in self.backups if backup.good)

    @property
    def newest(self) -> Backup | None:
        """The newest good backup."""
        return next(iter(self.good), None)

    def age(self, backup: Backup) -> timedelta:
        """How old a backup is by the server's clock."""
        return self.server_clock - backup.taken_at

    def named(self, name: str | None) -> Backup | None:
        """The backup of that file name."""
        return next((backup for backup in self.backups if backup.name == name), None)

    @property
    def sizes(self) -> tuple[tuple[datetime, float], ...]:
        """Time and bytes of every good backup, oldest first: the staircase to look at."""
        return tuple((backup.taken_at, float(backup.size_bytes)) for backup in reversed(self.good))

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row a backup, newest first."""
        return [
            {
                "backup": backup.name,
                "trust": str(backup.trust),
                "age in hours": round(self.age(backup).total_seconds() / 3600, 1),
                "size_bytes": backup.size_bytes,
                "rows": backup.manifest.rows if backup.manifest else None,
                "schema revision": backup.manifest.schema_revision if backup.manifest else None,
                "seconds": backup.manifest.seconds if backup.manifest else None,
            }
            for backup in self.backups
        ]


def backups_of(environment: Environment, *, checksums: int | None = None) -> Question[Backups]:
    """The backup folder. The newest `checksums` dumps (default: `backup.keep_newest`) are read to their last byte.

    Raises FactUnreadable when the server's reply is not a survey.
    """
    rules = environment.backup
    amount = rules.keep_newest if checksums is None else checksums
    argv = ("bash", "-s", "--", rules.directory, rules.database, str(amount))

    def fetch(connections: Connections) -> Backups:
        survey = Command(argv, stdin=programs.text("recovery/backups_survey.sh"), timeout_s=SURVEY_TIMEOUT_S)
        reply = connections.server.run(survey)
        return parse_survey(reply.stdout, rules.directory, rules.database, our_clock=datetime.now(UTC))

    return Question("backups", fetch)


def taken_at(name: str, database: str) -> datetime | None:
    """The time in a backup's name, e.g. staging_db_20251015_020000.sql.gz; None when it is no backup's name."""
    found = re.fullmatch(re.escape(database) + r"_(\d{8}_\d{6})\.sql\.gz", name)
    return parse_stamp(found[1]) if found else None


def parse_survey(text: str, directory: str, database: str, *, our_clock: datetime) -> Backups:
    """The records that `backups_survey.sh` prints, as a value."""
    survey = _Survey()
    for line in text.splitlines():
        try:
            survey.take(*line.split("\t"))
        except _NO_RECORD as cause:
            raise _unreadable(directory, f"the line {line[:80]!r} is no record") from cause
    if survey.clock is None or survey.folder is None:
        raise _unreadable(directory, "the reply ends before the survey begins")
    times = {name: taken_at(name, database) for name in survey.files}
    ours = [name for name, time in times.items() if time is not None]
    known = {manifest_name(name) for name in ours}
    leftovers = [name for name in survey.files if name in leftover_names(database)]
    orphans = [name for name in survey.manifests if name not in known and _is_manifest(name, database)]
    return Backups(
        directory,
        database,
        survey.clock,
        our_clock,
        {"writable": True, "read-only": False, "absent": None}[survey.folder],
        survey.free_bytes,
        survey.size_bytes,
        tuple(survey.backup(name, times[name]) for name in sorted(ours, reverse=True)),
        tuple(Leftover(name, survey.files[name], name in survey.held) for name in sorted(leftovers)),
        tuple(sorted(orphans)),
        tuple(sorted(set(survey.files) - set(ours) - known - set(leftovers) - set(orphans))),
    )


def leftover_names(database: str) -> tuple[str, ...]:
    """Names under which an unfinished backup lies in the folder; the program knows the same four."""
    return tuple(f"{database}.{part}.partial" for part in ("sql.gz", "contents", "checked", "manifest.json"))


class _Survey:
    """The records of one reply, collected while they are read."""

    def __init__(self) -> None:
        self.clock: datetime | None = None
        self.folder: str | None = None
        self.size_bytes = self.free_bytes = 0
        self.files: dict[str, int] = {}
        self.held: set[str] = set()
        self.manifests: dict[str, str] = {}
        self.sha256: dict[str, str] = {}

    def take(self, kind: str, *fields: str) -> None:
        """One record; raises when it is not one."""
        if kind == "clock":
            self.clock = datetime.fromtimestamp(float(fields[0]), UTC)
        elif kind == "folder":
            self.folder = fields[0]
        elif kind == "disk":
            self.size_bytes, self.free_bytes = (int(word) for word in fields[0].split())
        elif kind == "file":
            self.files[_decoded(fields[3])] = int(fields[1]) if fields[0] == "f" else 0
        elif kind == "held":
            self.held.add(_decoded(fields[0]))
        elif kind == "manifests":
            self.manifests = dict(_unpacked(fields[0]))
        elif kind == "sha256":
            self.sha256[_decoded(fields[0])] = fields[1]
        else:
            raise ValueError(f"no record is called {kind!r}")

    def backup(self, name: str, time: datetime | None) -> Backup:
        assert time is not None
        try:
            manifest = parse_manifest(self.manifests[manifest_name(name)])
        except (ValueError, KeyError, TypeError, AttributeError):
            manifest = None
        return Backup(name, time, self.files[name], manifest, self.sha256.get(name))


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
    return taken_at(name.removesuffix(".manifest.json") + SUFFIX, database) is not None


def _unreadable(directory: str, why: str) -> FactUnreadable:
    return FactUnreadable(
        f"The backup folder could not be surveyed: {why}.",
        where=directory,
        next_step="Look at the folder on the server with `ls -la`; then run again.",
    )


def clock_problem(backups: Backups) -> str:
    """Why ages cannot be trusted now; empty when nothing speaks against them."""
    apart = abs(backups.server_clock - backups.our_clock)
    if apart > CLOCK_TOLERANCE:
        return f"the server's clock and ours are {apart.total_seconds():.0f} s apart"
    ahead = [backup for backup in backups.backups if backup.taken_at > backups.server_clock + CLOCK_TOLERANCE]
    if ahead:
        return f"{ahead[0].name} lies in the future of the server's clock"
    return ""
