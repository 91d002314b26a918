"""A backup as bytes (dump and manifest), and what a corruption of it is.

Where a corruption writes a new manifest, the checksums agree with the damaged file, and only the contents reveal it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lab.processes import output
from runbook_lib.core import programs
from runbook_lib.recovery.facts.manifests import sealed_manifest

END = b"--\n-- PostgreSQL database dump complete\n--\n"


@dataclass(frozen=True)
class Pair:
    """A dump and its manifest, as bytes. None: there is no such file."""

    dump: bytes | None
    manifest: bytes | None

    @property
    def raw(self) -> bytes:
        """The dump's bytes; empty without a dump."""
        return self.dump or b""

    @property
    def sql(self) -> bytes:
        """The dump's text."""
        return gzip.decompress(self.raw)

    def with_sql(self, sql: bytes) -> Pair:
        """Another text, compressed, with a manifest that names it: checksums agree, the tables are the old ones."""
        return self.with_dump(gzip.compress(sql, 1, mtime=0), plain_bytes=len(sql))

    def recorded_anew(self, sql: bytes) -> Pair:
        """Another text, as if it had been dumped so: the manifest names its contents, and only a restore reveals it."""
        return self.with_sql(sql).with_manifest(**_recorded(sql))

    def with_dump(self, dump: bytes, **fields: object) -> Pair:
        """Other bytes, with a manifest that names them."""
        checksums = {"sha256": hashlib.sha256(dump).hexdigest(), "size_bytes": len(dump)}
        return replace(self, dump=dump).with_manifest(**checksums, **fields)

    def with_manifest(self, **fields: object) -> Pair:
        """The manifest with other values, sealed again."""
        data = {name: value for name, value in self.data.items() if name != "manifest_sha256"} | fields
        return replace(self, manifest=encode_manifest(data))

    @property
    def data(self) -> dict[str, Any]:
        """The manifest as values."""
        return dict(json.loads(self.manifest or b"{}"))

    def at(self, database: str, moment: datetime) -> tuple[str, Pair]:
        """The same backup as if taken at another moment: its file name, and the pair."""
        name = f"{database}_{moment:%Y%m%d_%H%M%S}.sql.gz"
        snapshot = {**self.data["snapshot"], "taken_at": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
        return name, self.with_manifest(file=name, snapshot=snapshot)


@dataclass(frozen=True)
class Corruption:
    """One way to corrupt a backup. `apply` gets the backup and a second, good backup of the same database."""

    name: str
    apply: Callable[[Pair, Pair], Pair]


def _recorded(sql: bytes) -> dict[str, Any]:
    """The fields of a manifest that describe a dump's contents, by the program that writes manifests."""
    program = programs.text("recovery/dump_contents.sh") + (
        'set -e; with_contents "$1/contents" <"$1/sql" >/dev/null; contents_digest "$1/contents"; cat -- "$1/contents"'
    )
    with TemporaryDirectory() as folder:
        Path(folder, "sql").write_bytes(sql)
        digest, *lines = output(("bash", "-c", program, "record", folder)).splitlines()
    fields = [line.split("\t") for line in lines]
    tables = [{"table": json.loads(f'"{one[1]}"'), "rows": int(one[2]), "bytes": int(one[3]), "content": one[4]}
              for one in fields if one[0] == "table"]
    statements = next(one[2] for one in fields if one[0] == "statements")
    return {"contents": digest, "statements": statements, "tables": tables}


def encode_manifest(data: dict[str, Any]) -> bytes:
    """A manifest as the backup program writes it: one table a line, the seal at the end."""
    tables, objects = data.pop("tables"), data.pop("objects", None)
    data["objects"] = "OBJECTS"
    head = json.dumps(data)[:-1].replace('"OBJECTS"', json.dumps(objects, separators=(", ", " : ")))
    rows = ",\n".join(json.dumps(table, separators=(", ", " : ")) for table in tables)
    return sealed_manifest(f'{head},\n "tables": [\n{rows}\n ],\n').encode()
