"""The databases beside the live one: what a restore prepares, and what earlier ones kept."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.times import parse_stamp
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import container_name

_MARK = "runbook: "
_RESTORED = "restored from "
_OPEN = "swap open, "

# As the superuser and connected to none of them: a live database that is shut or gone must not hide the others.
_LIST = ("docker", "exec", "-i", "--env", "PGOPTIONS=-c default_transaction_read_only=on", container_name("postgres"),
         "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres")
_QUERY = """
SELECT json_build_object('name', datname, 'owner', pg_get_userbyid(datdba), 'size_bytes', pg_database_size(oid),
           'comment', coalesce(shobj_description(oid, 'pg_database'), ''), 'open', datallowconn AND datconnlimit <> 0)
    FROM pg_database
    WHERE datname = :'database' OR datname ~ ('^' || :'database' || '_(restore|before)_[0-9]{8}_[0-9]{6}$')
    ORDER BY datname;
"""


@dataclass(frozen=True)
class RestoreDatabase:
    """One database; `comment` is what a restore wrote on it, without our mark. `size_bytes` moves by itself."""

    name: str
    owner: str
    size_bytes: int
    comment: str
    open: bool


@dataclass(frozen=True)
class Databases:
    """The live database (None: it is gone) and those that belong to it by name, oldest first."""

    database: str
    live: RestoreDatabase | None
    prepared: tuple[RestoreDatabase, ...] = ()
    kept: tuple[RestoreDatabase, ...] = ()

    @property
    def unfinished(self) -> RestoreDatabase | None:
        """The database that an exchange put aside without having been finished or taken back."""
        return next((one for one in reversed(self.kept) if one.comment.startswith(_OPEN)), None)

    @property
    def unfinished_backup(self) -> str:
        """The backup whose exchange was not finished; empty when there is none."""
        return self.unfinished.comment.removeprefix(_OPEN).removeprefix(_RESTORED) if self.unfinished else ""

    @property
    def names(self) -> tuple[str, ...]:
        """All names, for comparing two looks: sizes move by themselves."""
        shown = (self.live, *self.prepared, *self.kept)
        return tuple(f"{one.name} {one.comment}" for one in shown if one)

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row a database that is kept: size, since when, and what became live in its place."""
        return [
            {"database": one.name, "size": f"{one.size_bytes / 1e6:,.1f} MB", "kept since": kept_since(one.name),
             "note": one.comment or "kept by hand", "to delete it": f'drop_kept = "{one.name}"'}
            for one in self.kept
        ]

    def kept_named(self, name: str) -> RestoreDatabase | None:
        """The kept database of that name."""
        return next((one for one in self.kept if one.name == name), None)


def kept_since(name: str) -> datetime | None:
    """The time in a kept database's name, e.g. staging_db_before_20261122_194500."""
    found = re.search(r"_(\d{8}_\d{6})$", name)
    return parse_stamp(found[1]) if found else None


def databases_of(environment: Environment) -> Question[Databases]:
    """The live database and those beside it. Raises FactUnreadable when PostgreSQL does not answer."""
    database = environment.backup.database
    command = Command((*_LIST, "-v", f"database={database}"), stdin=_QUERY, timeout_s=60)

    def fetch(connections: Connections) -> Databases:
        return parse_databases(connections.server.run(command).stdout, database)

    return Question("databases", fetch)


def parse_databases(text: str, database: str) -> Databases:
    """One JSON object a line. Raises FactUnreadable for anything else."""
    try:
        found = [_database(json.loads(line)) for line in text.splitlines() if line]
    except (ValueError, KeyError, TypeError) as cause:
        raise FactUnreadable("The list of databases is not in the expected form.", where=database,
                             next_step="On the server: docker compose logs --tail 50 postgres.") from cause
    return Databases(
        database,
        next((one for one in found if one.name == database), None),
        tuple(one for one in found if one.name.startswith(f"{database}_restore_")),
        tuple(one for one in found if one.name.startswith(f"{database}_before_")),
    )


def _database(row: dict[str, Any]) -> RestoreDatabase:
    comment = str(row["comment"])
    return RestoreDatabase(str(row["name"]), str(row["owner"]), int(row["size_bytes"]), comment.removeprefix(_MARK),
                        bool(row["open"]))
