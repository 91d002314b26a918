"""What a migration left of the rows that the backup right before it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered, with_deadline
from runbook_lib.platform.facts.database import DatabaseState, survey_database
from runbook_lib.recovery.facts.backup_survey import survey
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.data_loss import rows_as_recorded

DEADLINE_S = 150.0  # a second for ten million rows; the backup before it took longer to count them


@dataclass(frozen=True)
class KeptRows:
    """Rows by table: `before`, as the manifest of `backup` has them, and `now`, where a table is and can be counted."""

    backup: str
    before: Mapping[str, int]
    now: Mapping[str, int]


def rows_kept(environment: Environment) -> Question[KeptRows | Unanswered]:
    """The rows of the newest good backup, and those in the database. Source: its manifest; `count(*)`, table by table.

    Unanswered where one of both could not be had within 150 s.
    """

    def fetch(connections: Connections) -> KeptRows:
        newest = survey(environment, checksums=0).fetch(connections).newest
        return compare_rows(newest, survey_database(environment).fetch(connections))

    return with_deadline(Question("rows after the migration", fetch), DEADLINE_S)


def compare_rows(backup: Backup | None, live: DatabaseState) -> KeptRows:
    """Each table of the backup's manifest with what it has now; left out where its rows cannot be counted."""
    before = backup.rows if backup else {}
    now = rows_as_recorded(live, before)
    return KeptRows(backup.name if backup else "", {name: rows for name, rows in before.items()
                                                    if now.get(name, 0) is not None},
                    {name: rows for name, rows in now.items() if rows is not None})
