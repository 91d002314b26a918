"""The manifest next to a dump: what the backup recorded about it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.times import parse_stamp

SUFFIX = ".sql.gz"
MANIFEST_SUFFIX = ".manifest.json"
FORMATS = (1, 2, 3)  # 2 counts backups and seals itself, 3 describes the dump instead of the database
_SEAL = ' "manifest_sha256": "'


@dataclass(frozen=True)
class TableContents:
    """One table in the instant of the dump. `content` is a sum over all columns of all rows, whatever their order.

    In manifests of format 1 and 2 it is a sum of the database's own printing, which no dump can be compared with.
    """

    table: str
    rows: int
    content: str
    size_bytes: int | None = None  # of its rows in the dump; None in formats 1 and 2


@dataclass(frozen=True)
class Manifest:
    """What a backup recorded about itself. Written by the backup program; sizes in bytes, times aware and in UTC."""

    file: str
    database: str
    sha256: str
    size_bytes: int
    plain_bytes: int
    database_bytes: int
    taken_at: datetime
    finished_at: datetime
    seconds: float
    server_version: str
    pg_dump_version: str
    schema_revision: str | None
    tables: tuple[TableContents, ...]
    contents: str | None = None  # one value for all that a restored copy must hold; None in formats 1 and 2
    statements: str | None = None  # of the dump's text outside the rows; None in formats 1 and 2
    objects: dict[str, int] = field(default_factory=dict, hash=False)  # how many of each kind the dump creates
    invalid_indexes: tuple[str, ...] = ()  # left by a failed CREATE INDEX CONCURRENTLY: in no dump
    unreadable: tuple[str, ...] = ()  # tables with bytes that are not in their encoding: no restore takes them
    number: int = 0  # counts the backups of a folder, whatever the clock said; 0 before there was such a count
    project: str = ""  # the Compose project that made it; empty before that was recorded
    system: str = ""  # PostgreSQL's identifier of the server whose database it is; empty before that was recorded

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(table.rows for table in self.tables)


def manifest_name(backup_name: str) -> str:
    """`staging_db_20251015_020000.manifest.json` for `staging_db_20251015_020000.sql.gz`."""
    return backup_name.removesuffix(SUFFIX) + MANIFEST_SUFFIX


def taken_at(name: str, database: str) -> datetime | None:
    """The time in a backup's name, e.g. staging_db_20251015_020000.sql.gz; None when it is not a backup's name."""
    found = re.fullmatch(re.escape(database) + r"_(\d{8}_\d{6})\.sql\.gz", name)
    return parse_stamp(found[1]) if found else None


def parse_manifest(text: str) -> Manifest:
    """A manifest file as a value. Raises ValueError, KeyError or TypeError when it is not one.

    From format 2 on it ends with a checksum of itself; manifests of format 1, of older backups, have none.
    """
    data: dict[str, Any] = read_json(text)
    snapshot = data["snapshot"]
    if data["format"] not in FORMATS or not re.fullmatch(r"[0-9a-f]{64}", data["sha256"]):
        raise ValueError("not a manifest of format 1, 2 or 3")
    _require_seal(data, text)
    return Manifest(
        file=str(data["file"]),
        database=str(snapshot["database"]),
        sha256=data["sha256"],
        size_bytes=int(data["size_bytes"]),
        plain_bytes=int(data["plain_bytes"]),
        database_bytes=int(snapshot["database_bytes"]),
        taken_at=_time(snapshot["taken_at"]),
        finished_at=_time(data["finished_at"]),
        seconds=float(data["seconds"]),
        server_version=str(snapshot["server_version"]),
        pg_dump_version=str(data["pg_dump_version"]),
        schema_revision=data["schema_revision"],
        tables=tuple(_table(row) for row in data["tables"]),
        contents=data["contents"] if data["format"] == 3 else None,
        statements=data["statements"] if data["format"] == 3 else None,
        objects={str(kind): int(number) for kind, number in data["objects"].items()} if data["format"] == 3 else {},
        invalid_indexes=tuple(data.get("invalid_indexes", ())),
        unreadable=tuple(data.get("unreadable", ())),
        number=int(data.get("number", 0)),
        project=str(data.get("project", "")),
        system=str(snapshot.get("system") or ""),
    )


def _require_seal(data: dict[str, Any], text: str) -> None:
    # one bit makes a 1 of the 3: what has a seal must fit it, whatever its format is said to be
    sealed = data["format"] > 1 or "manifest_sha256" in data
    if sealed and sealed_manifest(text[: text.rindex(_SEAL)]) != text:
        raise ValueError("the manifest is not what was written")


def sealed_manifest(lines: str) -> str:
    """The lines of a manifest with their checksum as the last one, as the backup program writes it."""
    return f'{lines}{_SEAL}{hashlib.sha256(lines.encode()).hexdigest()}"}}\n'


def _table(row: dict[str, Any]) -> TableContents:
    return TableContents(row["table"], int(row["rows"]), row["content"], row.get("bytes"))


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
