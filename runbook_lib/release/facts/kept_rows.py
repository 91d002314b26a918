"""What a migration left of the rows that the backup right before it holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered, with_deadline
from runbook_lib.platform.facts.database import DatabaseState, survey_database
from runbook_lib.recovery.facts.backup_survey import survey
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.data_loss import rows_as_recorded

DEADLINE_S = 150.0  # a second for ten million rows; the backup before it took longer to count them
# a dump has the rows of those that an extension names as its configuration (pg_cron's jobs); no survey counts them
OF_EXTENSIONS = """
SELECT format('%I.%I', nspname, relname) AS name
  FROM pg_depend d JOIN pg_class c ON c.oid = d.objid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND c.relkind = 'r'
"""


@dataclass(frozen=True)
class KeptRows:
    """Rows by table: `before`, as the manifest of `backup` has them, and `now`, where a table is and can be counted.

    `age_h` is how old that backup is, by the server's clock; None where there is none.
    """

    backup: str
    before: Mapping[str, int]
    now: Mapping[str, int]
    age_h: float | None = None


def rows_kept(environment: Environment) -> Question[KeptRows | Unanswered]:
    """The rows of the newest good backup, and those in the database. Source: its manifest; `count(*)`, table by table.

    Unanswered where one of both could not be had within 150 s.
    """

    def fetch(connections: Connections) -> KeptRows:
        backups = survey(environment, checksums=0).fetch(connections)
        of_extensions = {str(one["name"]) for one in connections.database.rows(OF_EXTENSIONS)}
        found = compare_rows(backups.newest, survey_database(environment).fetch(connections), of_extensions)
        age = backups.age(backups.newest) if backups.newest else None
        return found if age is None else replace(found, age_h=age.total_seconds() / 3600)

    return with_deadline(Question("rows after the migration", fetch), DEADLINE_S)


def compare_rows(backup: Backup | None, live: DatabaseState, of_extensions: Collection[str] = ()) -> KeptRows:
    """Each table of the backup's manifest with what it has now; left out where its rows cannot be counted.

    Tables `of_extensions` that are there are not counted in `live`.
    """
    before = backup.rows if backup else {}
    now = rows_as_recorded(live, before)
    return KeptRows(backup.name if backup else "", {name: rows for name, rows in before.items()
                                                    if name not in of_extensions and now.get(name, 0) is not None},
                    {name: rows for name, rows in now.items() if rows is not None})
