"""The databases next to the live one: what a restore stages, and what earlier restores retained."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import lines_of
from runbook_lib.core.times import parse_stamp
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import NOT_RUNNING, exec_in, not_running

# The comments that `restore_database.sh` writes on databases; it has the same texts.
COMMENT_MARK = "runbook: "
RESTORED_FROM = "restored from "
SWAP_IN_PROGRESS = "swap in progress, "
# as 0.1.0 wrote it: a restore that was interrupted before the upgrade is finished after it
SWAP_IN_PROGRESS_BEFORE_0_2 = "swap open, "

# As the superuser, which POSTGRES_USER may have named otherwise, and connected to none of them: a live database that is
# closed or gone must not hide the others. `load_dump.sh` finds the superuser in the same way.
AS_SUPERUSER = """
user=$1; shift
for one in postgres "$user"; do
    role=$(psql -XqAt -U "$one" -d template1 -c "SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin
        ORDER BY rolname <> current_user, oid LIMIT 1" 2>/dev/null </dev/null) && [ -n "$role" ] && break
done
exec psql -XqAt -v ON_ERROR_STOP=1 -U "${role:-postgres}" -d postgres "$@"
"""
QUERY = """
SELECT json_build_object('name', datname, 'owner', pg_get_userbyid(datdba), 'size_bytes', pg_database_size(oid),
           'comment', coalesce(shobj_description(oid, 'pg_database'), ''), 'open', datallowconn AND datconnlimit <> 0,
           'limited', datallowconn AND datconnlimit = 0, 'closed_by_restore', EXISTS (
               SELECT FROM pg_db_role_setting, unnest(setconfig) AS one WHERE setdatabase = d.oid AND setrole = 0
               AND (one LIKE 'runbook.connections_allowed=%' AND NOT datallowconn
                    OR one LIKE 'runbook.connection_limit=%' AND datconnlimit = 0)))
    FROM pg_database d
    WHERE datname = :'database' OR datname ~ ('^' || :'database' || '_(restore|before)_[0-9]{8}_[0-9]{6}$')
    ORDER BY datname;
SELECT json_build_object('system', system_identifier::text) FROM pg_control_system();
SELECT json_build_object('role', rolname) FROM pg_roles r
    WHERE shobj_description(r.oid, 'pg_authid') = 'runbook: named by a backup, made without login' ORDER BY rolname;
SELECT json_build_object('prepared', gid) FROM pg_prepared_xacts WHERE database = :'database' ORDER BY prepared;
SELECT json_build_object('slot', slot_name) FROM pg_replication_slots WHERE database = :'database' ORDER BY slot_name;
"""


@dataclass(frozen=True)
class RestoreDatabase:
    """One database. `comment` is what a restore wrote on it, without our mark; `open`: it accepts connections.

    `closed_by_restore`: a restore closed it, by the note that it leaves, and whichever restore is next opens it.
    `limited`: its connection limit is 0, which keeps out every role but superusers.
    """

    name: str
    owner: str
    size_bytes: int
    comment: str
    open: bool
    closed_by_restore: bool = False
    limited: bool = False

    @property
    def retained_since(self) -> datetime | None:
        """The UTC time in a retained database's name, e.g. staging_db_before_20261122_194500."""
        found = re.search(r"_(\d{8}_\d{6})$", self.name)
        return parse_stamp(found[1]) if found else None


@dataclass(frozen=True)
class Databases:
    """The live database (None: it is gone) and those that belong to it by name, oldest first.

    `made_roles` are roles that a restore made without login, because the server had lost them. `system` is PostgreSQL's
    own identifier of the server, which is in each manifest, too. `prepared` are transactions of the live database that
    wait for their COMMIT PREPARED, `slots` logical replication slots of it.
    """

    database: str
    live: RestoreDatabase | None
    staged: tuple[RestoreDatabase, ...] = ()
    retained: tuple[RestoreDatabase, ...] = ()
    made_roles: tuple[str, ...] = ()
    system: str = ""
    prepared: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()

    @property
    def interrupted(self) -> RestoreDatabase | None:
        """The database that a swap renamed and that was neither committed nor swapped back since."""
        return next((one for one in reversed(self.retained) if one.comment.startswith(SWAP_IN_PROGRESS)), None)

    @property
    def interrupted_backup(self) -> str:
        """The backup whose swap was interrupted; empty when there is none."""
        if self.interrupted is None:
            return ""
        return self.interrupted.comment.removeprefix(SWAP_IN_PROGRESS).removeprefix(RESTORED_FROM)

    @property
    def names(self) -> tuple[str, ...]:
        """Names and comments, for comparing two surveys: sizes change all the time."""
        shown = (self.live, *self.staged, *self.retained)
        return tuple(f"{one.name} {one.comment}" for one in shown if one)

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row a retained database: size, since when, and what became live in its place."""
        return [
            {"database": one.name, "size": f"{one.size_bytes / 1e6:,.1f} MB", "retained since": one.retained_since,
             "note": one.comment or "retained manually", "to delete it": f'drop_retained = "{one.name}"'}
            for one in self.retained
        ]

    def retained_named(self, name: str) -> RestoreDatabase | None:
        """The retained database of that name; None when there is none."""
        return next((one for one in self.retained if one.name == name), None)


def restored_from(backup_name: str) -> str:
    """The comment, without our mark, of a database that was restored from that backup."""
    return f"{RESTORED_FROM}{backup_name}"


def as_superuser(environment: Environment, *variables: str) -> tuple[str, ...]:
    """The command that runs psql as PostgreSQL's superuser, whatever its name, SQL from standard input."""
    return exec_in(environment, environment.postgres.service, "env", *variables, "sh", "-c", AS_SUPERUSER,
                   "as-superuser", environment.postgres.owner)


def survey_databases(environment: Environment) -> Question[Databases]:
    """The live database and those next to it. Raises FactUnreadable when PostgreSQL does not answer, AbsentPart."""

    def fetch(connections: Connections) -> Databases:
        database = environment.postgres.name
        # a PostgreSQL that hangs refuses no session: without a limit of psql's own the command's end would end the run
        asked = (*as_superuser(environment, "PGOPTIONS=-c default_transaction_read_only=on", "PGCONNECT_TIMEOUT=5"),
                 "-v", f"database={database}")
        command = Command(asked, stdin=QUERY, timeout_s=60, accepts=(0, NOT_RUNNING))
        result = connections.server.run(command)
        if result.exit_code == NOT_RUNNING:
            raise not_running(environment, environment.postgres.service)
        return parse_databases(result.stdout, database)

    return Question("databases", fetch)


def parse_databases(text: str, database: str) -> Databases:
    """One JSON object a line. Raises FactUnreadable for anything else."""
    try:
        rows = [read_json(line) for line in lines_of(text) if line]
        others = {kind: tuple(str(row[kind]) for row in rows if kind in row)
                  for kind in ("role", "system", "prepared", "slot")}
        found = [_database(row) for row in rows if not others.keys() & row.keys()]
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise FactUnreadable("The list of databases is not in the expected form.", where=database,
                             next_step="On the server: `docker logs --tail 50` of PostgreSQL's container.") from cause
    return Databases(
        database,
        next((one for one in found if one.name == database), None),
        tuple(one for one in found if one.name.startswith(f"{database}_restore_")),
        tuple(one for one in found if one.name.startswith(f"{database}_before_")),
        others["role"],
        next(iter(others["system"]), ""),
        others["prepared"],
        others["slot"],
    )


def _database(row: dict[str, Any]) -> RestoreDatabase:
    comment = str(row["comment"])
    if comment.startswith(COMMENT_MARK):  # our line; below it stands what the database's users had written
        comment = comment.partition("\n")[0].removeprefix(COMMENT_MARK)
    if comment.startswith(SWAP_IN_PROGRESS_BEFORE_0_2):
        comment = SWAP_IN_PROGRESS + comment.removeprefix(SWAP_IN_PROGRESS_BEFORE_0_2)
    return RestoreDatabase(str(row["name"]), str(row["owner"]), int(row["size_bytes"]), comment, bool(row["open"]),
                           bool(row.get("closed_by_restore")), bool(row.get("limited")))
