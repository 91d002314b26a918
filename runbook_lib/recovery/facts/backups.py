"""The backups in the folder: what there is, how far each one can be trusted, and which one is meant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from runbook_lib.core.errors import CALL_FOR_HELP, BadParameter, PreconditionFailed
from runbook_lib.core.text import did_you_mean
from runbook_lib.platform.facts.database import DatabaseState
from runbook_lib.recovery.facts.data_loss import DataLoss, rows_as_recorded
from runbook_lib.recovery.facts.manifests import SUFFIX, Manifest, taken_at

CLOCK_TOLERANCE = timedelta(minutes=2)
# what a server needs for its dumps, in the words of the three usual families
INSTALL = ("As root on the server: `apt-get install perl` (Debian, Ubuntu), `dnf install perl-Digest-MD5 diffutils` "
           "(RHEL, Fedora) or `apk add perl coreutils util-linux` (Alpine). Then run again.")
MOST_TABLES = 100  # in one table of a report


class Trust(StrEnum):
    """How far one backup can be trusted."""

    VERIFIED = "verified"  # checked when it was made, and its bytes are still the same
    RECORDED = "recorded"  # checked when it was made; size unchanged, bytes not read again
    DAMAGED = "damaged"  # differs from its manifest
    UNVERIFIED = "unverified"  # no readable manifest: its contents are not known


@dataclass(frozen=True)
class Backup:
    """One dump in the folder. `taken_at` comes from its name: file times move when files are copied.

    `project` is set where another environment made it: the Compose project that its manifest, or the folder, names.
    """

    name: str
    taken_at: datetime
    size_bytes: int
    manifest: Manifest | None
    sha256: str | None = None
    project: str = ""

    @property
    def trust(self) -> Trust:
        """What its manifest, its size and its bytes, where they were read, say together."""
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

    @property
    def number(self) -> int:
        """Its place in the order in which backups were made, whatever the clock said; 0 where none is recorded."""
        return self.manifest.number if self.manifest else 0

    @property
    def schema_revision(self) -> str | None:
        """The schema revision of its data; None where its manifest names none or cannot be read."""
        return self.manifest.schema_revision if self.manifest else None

    @property
    def rows(self) -> dict[str, int]:
        """Rows by table, as its manifest has them; empty where that cannot be read."""
        return {one.table: one.rows for one in self.manifest.tables} if self.manifest else {}


@dataclass(frozen=True)
class PartialBackup:
    """A file of an unfinished backup. `running`: that backup is still being made."""

    name: str
    size_bytes: int
    running: bool


@dataclass(frozen=True)
class Backups:
    """The backup folder. `backups` newest first; `foreign` files are not ours and never touched.

    `server_clock` and `our_clock` were read in the same moment; `orphans` are manifests whose dump is gone.
    `writable` is None where there is no such folder. `lacking` are programs that the server needs for dumps and lacks;
    None where the reply does not say. `owner`: the Compose project that the folder belongs to, where that is not
    `project`. `others`: backups of other environments, newest first, which count for nothing here.
    """

    directory: str
    database: str
    server_clock: datetime
    our_clock: datetime
    writable: bool | None
    free_bytes: int = 0
    size_bytes: int = 0
    backups: tuple[Backup, ...] = ()
    partials: tuple[PartialBackup, ...] = ()
    orphans: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    lacking: tuple[str, ...] | None = ()
    owner: str = ""
    others: tuple[Backup, ...] = ()
    project: str = ""

    @property
    def good(self) -> tuple[Backup, ...]:
        """Backups that nothing known speaks against, newest first."""
        return tuple(backup for backup in self.backups if backup.good)

    @property
    def newest(self) -> Backup | None:
        """The newest good backup."""
        return next(iter(self.good), None)

    @property
    def interrupted(self) -> tuple[PartialBackup, ...]:
        """The remains of backups that are no longer being made."""
        return tuple(one for one in self.partials if not one.running)

    @property
    def clock_problem(self) -> str:
        """Why ages cannot be trusted now; empty when nothing speaks against them."""
        apart = abs(self.server_clock - self.our_clock)
        if apart > CLOCK_TOLERANCE:
            return f"the server's clock and ours are {apart.total_seconds():.0f} s apart"
        ahead = [one for one in self.backups if one.taken_at > self.server_clock + CLOCK_TOLERANCE]
        return f"{ahead[0].name} lies in the future of the server's clock" if ahead else ""

    @property
    def sizes(self) -> tuple[tuple[datetime, float], ...]:
        """UTC time and bytes of every good backup, oldest first: the staircase of the chart."""
        return tuple((backup.taken_at, float(backup.size_bytes)) for backup in reversed(self.good))

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row a backup, newest first; those of other environments last."""
        return [
            {
                "backup": backup.name,
                "trust": f"of {backup.project}" if backup.project else str(backup.trust),
                "age in hours": round(self.age(backup).total_seconds() / 3600, 1),
                "size_bytes": backup.size_bytes,
                "rows": backup.manifest.rows if backup.manifest else None,
                "schema revision": backup.schema_revision,
                "seconds": backup.manifest.seconds if backup.manifest else None,
            }
            for backup in (*self.backups, *self.others)
        ]

    @property
    def system(self) -> str:
        """PostgreSQL's identifier of the server that made the newest backup by number; empty where none is recorded."""
        known = [one for one in self.backups if one.manifest and one.manifest.system]
        newest = max(known, key=lambda one: one.number, default=None)
        return newest.manifest.system if newest and newest.manifest else ""

    def overtaken(self, system: str) -> bool:
        """Whether another PostgreSQL server has written backups here since `system` wrote its last: two are live.

        Backups of another server from before its first are those of a server that was made anew.
        """
        made = {one.manifest.system for one in self.backups if one.manifest}
        return bool(system) and system in made and self.system != system

    def of_server(self, system: str) -> Backups:
        """The folder as that PostgreSQL server may use it: where two write there, what the other made is apart."""
        if not self.overtaken(system):
            return self
        apart = [one for one in self.backups if one.manifest and one.manifest.system not in ("", system)]
        return replace(self, backups=tuple(one for one in self.backups if one not in apart),
                       others=(*self.others, *(replace(one, project=self.project) for one in apart)))

    def age(self, backup: Backup) -> timedelta:
        """How old a backup is by the server's clock."""
        return self.server_clock - backup.taken_at

    def contents_added_since(self, before: Backups) -> list[dict[str, Any]]:
        """One row a table of the newest backup that `before` does not have, the largest first; empty without one."""
        added = self.added_since(before)
        tables = added.manifest.tables if added and added.manifest else ()
        return [{"table": one.table, "rows": one.rows, "in the dump, in bytes": one.size_bytes}
                for one in sorted(tables, key=lambda one: -(one.size_bytes or 0))[:MOST_TABLES]]

    def named(self, name: str | None) -> Backup | None:
        """The backup of that file name; None when there is none."""
        return next((backup for backup in self.backups if backup.name == name), None)

    def added_since(self, before: Backups) -> Backup | None:
        """The newest backup that `before` does not have; None when none was added."""
        return next((backup for backup in self.backups if before.named(backup.name) is None), None)

    def select(self, name: str, *, unfinished: str = "", revisions: Collection[str] = (),
               from_project: str = "") -> Backup:
        """The backup of that file name, with or without its suffix; without a name the one whose restore is unfinished.

        Without either the newest good one; where `revisions` are given, the newest good one with such a schema is
        preferred. A damaged one can be named: the preconditions refuse it, with the reason. One of another environment
        is taken where it is named together with its project, `from_project`, and only then. Raises BadParameter for a
        name that is not in the folder, PreconditionFailed when there is nothing to choose.
        """
        wanted = name or unfinished
        if not wanted:
            fitting = (one for one in self.good if one.schema_revision in revisions)
            return next(fitting, None) or self._newest_or_refuse()
        found = self.named(wanted) or self.named(wanted + SUFFIX)
        other = next((one for one in self.others if one.name in (wanted, wanted + SUFFIX)), None)
        if other is not None:
            return self._of_another(other, from_project)
        if found is None:
            # two backups' names are always alike: only a slip of the pen is near enough
            hint = did_you_mean(wanted, [one.name for one in self.backups], cutoff=0.8)
            raise BadParameter(f"backup: there is no backup named {wanted[:80]!r}{hint}", where=self.directory,
                               next_step="Take a name from the table of backups, exactly as it is shown.")
        return found

    def loss_since(self, backup: Backup, live: DatabaseState | None) -> DataLoss:
        """What restoring `backup` over the live database would lose; `live` is None where that cannot be counted."""
        counted = None if live is None else rows_as_recorded(live, backup.rows)
        return DataLoss(backup.name, self.age(backup).total_seconds() / 60, backup.rows, counted)

    def _of_another(self, backup: Backup, from_project: str) -> Backup:
        if backup.project == from_project:
            return backup
        raise PreconditionFailed(
            f"{backup.name} was made by another environment, or on another server: by {backup.project}.",
            where=self.directory,
            next_step=f"Choose one of this environment's. To put those data here all the same: "
            f"from_project = {backup.project!r}.",
        )

    def _newest_or_refuse(self) -> Backup:
        if self.newest is None:
            others = f" The {len(self.others)} of other environments are not taken." if self.others else ""
            raise PreconditionFailed(
                f"There is no good backup to restore.{others}",
                where=self.directory,
                next_step=f"Search for a copy elsewhere, and {CALL_FOR_HELP}.",
            )
        return self.newest
