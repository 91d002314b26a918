"""The manifest next to a dump: what the backup recorded about it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SUFFIX = ".sql.gz"
MANIFEST_SUFFIX = ".manifest.json"
_SEAL = ' "manifest_sha256": "'


@dataclass(frozen=True)
class TableContents:
    """One table in the instant of the dump. `content` is a sum over all rows, whatever their order."""

    table: str
    rows: int
    content: str


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
    objects: dict[str, Any] | None = None  # count and hash of constraints, indexes, columns, sequences
    number: int = 0  # counts the backups of a folder, whatever the clock said; 0 before there was such a count

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(table.rows for table in self.tables)


def manifest_name(backup_name: str) -> str:
    """`staging_db_20251015_020000.manifest.json` for `staging_db_20251015_020000.sql.gz`."""
    return backup_name.removesuffix(SUFFIX) + MANIFEST_SUFFIX


def parse_manifest(text: str) -> Manifest:
    """A manifest file as a value. Raises ValueError, KeyError or TypeError when it is not one.

    Format 2 ends with a checksum of itself; manifests of format 1, of older backups, have none.
    """
    data: dict[str, Any] = json.loads(text)
    snapshot = data["snapshot"]
    if data["format"] not in (1, 2) or not re.fullmatch(r"[0-9a-f]{64}", data["sha256"]):
        raise ValueError("not a manifest of format 1 or 2")
    if data["format"] == 2 and sealed_manifest(text[: text.rindex(_SEAL)]) != text:
        raise ValueError("the manifest is not what was written")
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
        tables=tuple(TableContents(row["table"], int(row["rows"]), row["content"]) for row in data["tables"]),
        objects=data.get("objects"),
        number=int(data.get("number", 0)),
    )


def sealed_manifest(lines: str) -> str:
    """The lines of a manifest with their checksum as the last one, as the backup program writes it."""
    return f'{lines}{_SEAL}{hashlib.sha256(lines.encode()).hexdigest()}"}}\n'


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
