"""What restore drills showed: the record on the server, one line a restored backup."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.foreign_json import read_records
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.times import parse_time
from runbook_lib.environment import Environment

RECENT_DRILLS = 60


class DrillOutcome(StrEnum):
    """What a drill came to; `restore_drill.sh` writes the same words."""

    PASSED = "passed"
    FAILED = "failed"  # the backup is bad
    ERROR = "error"  # the drill could not be carried out: no judgement of the backup
LEAST_BYTES = 1_000_000  # of SQL: below it the time is that of PostgreSQL's start


@dataclass(frozen=True)
class Read:
    """One GET of the application on the restored copy. `total` is the reply's count of rows in `table`."""

    path: str
    status: int
    is_json: bool
    seconds: float
    table: str
    total: int | None


@dataclass(frozen=True)
class Drill:
    """One backup, restored into a disposable database. None stands for what the drill did not reach.

    `stage` is the one that decided the outcome. Seconds are of the whole drill and of the restore alone. `network` and
    `mounts` are those of the copy. `tables`, `rows`, `objects` and `sequences` are numbers, `contents` is as in a
    manifest, `read_rows` are the rows of the tables that the read paths show. Records of format 1 have no contents.
    """

    at: datetime
    run_id: str
    backup: str
    sha256: str
    outcome: DrillOutcome
    stage: str
    message: str
    seconds: float
    restore_s: float | None = None
    plain_bytes: int | None = None
    tables: int | None = None
    rows: int | None = None
    objects: int | None = None
    contents: str | None = None
    read_rows: dict[str, int] = field(default_factory=dict)
    constraints: int | None = None
    indexes: int | None = None
    sequences: int | None = None
    reads: tuple[Read, ...] | None = None
    application_image: str | None = None
    network: str | None = None
    mounts: tuple[str, ...] | None = None
    application_s: float | None = None

    @property
    def megabytes_per_s(self) -> float | None:
        """Megabytes of SQL that were restored in a second; None of less than one, which shows no speed."""
        if not self.plain_bytes or self.plain_bytes < LEAST_BYTES or not self.restore_s:
            return None
        return self.plain_bytes / 1e6 / self.restore_s

    @property
    def row(self) -> dict[str, Any]:
        """The drill as a row of a table."""
        speed = self.megabytes_per_s
        return {
            "backup": self.backup,
            "outcome": str(self.outcome),
            "at": f"{self.at:%Y-%m-%d %H:%M} UTC",
            "drill in s": round(self.seconds, 1),
            "restore in s": None if self.restore_s is None else round(self.restore_s, 2),
            "MB/s": None if speed is None else round(speed, 1),
            "rows": self.rows,
            "message": self.message,
        }


@dataclass(frozen=True)
class Drills:
    """The recorded drills, oldest first. `unreadable` lines are not records; they count as no drill."""

    drills: tuple[Drill, ...] = ()
    unreadable: int = 0

    @property
    def last_passed(self) -> Drill | None:
        """The last drill that restored a backup."""
        return next((drill for drill in reversed(self.drills) if drill.outcome is DrillOutcome.PASSED), None)

    @property
    def last_restored(self) -> dict[str, Any]:
        """The last backup that was restored, as a row of a table."""
        return self.last_passed.row if self.last_passed else {"backup": "none was ever restored: open 31 Restore drill"}

    def last_of(self, backup: str, sha256: str) -> Drill | None:
        """The last drill of exactly these bytes."""
        same = (drill for drill in reversed(self.drills) if (drill.backup, drill.sha256) == (backup, sha256))
        return next(same, None)

    def added_since(self, before: Drills) -> tuple[Drill, ...]:
        """The drills that are not recorded in `before`, oldest first."""
        return tuple(drill for drill in self.drills if drill not in before.drills)

    @property
    def trend(self) -> tuple[tuple[datetime, float], ...]:
        """UTC time and seconds of every drill that passed, for a chart."""
        return tuple((drill.at, drill.seconds) for drill in self.drills if drill.outcome is DrillOutcome.PASSED)


def survey_drills(environment: Environment) -> Question[Drills]:
    """The last 60 restore drills of this server; none when there was never one. Raises AbsentPart."""
    path = f"{environment.server.directory}/.runbook/drills.jsonl"
    command = Command(("tail", "-n", str(RECENT_DRILLS), "--", path), accepts=(0, 1))

    def fetch(connections: Connections) -> Drills:
        _ = environment.postgres
        return parse_drills(connections.server.run(command).stdout)

    return Question("restore drills", fetch)


def parse_drills(text: str) -> Drills:
    """The lines of drills.jsonl as values; a line that is not a record is counted, never taken for a drill."""
    return Drills(*read_records(text, _drill))


def _drill(data: dict[str, Any]) -> Drill:
    if data["format"] not in (1, 2):
        raise ValueError("not a drill's record of format 1 or 2")
    if data["format"] == 1:
        data = _of_format_1(data)
    reads, mounts = data.get("reads"), data.get("mounts")
    return Drill(
        at=parse_time(data["at"]),
        run_id=str(data["run_id"]),
        backup=str(data["backup"]),
        sha256=str(data["sha256"]),
        outcome=DrillOutcome(data["outcome"]),
        stage=str(data["stage"]),
        message=base64.b64decode(data["message"], validate=True).decode("utf-8", "replace"),
        seconds=float(data["seconds"]),
        read_rows={str(table): int(rows) for table, rows in (data.get("read_rows") or {}).items()},
        reads=None if reads is None else tuple(_read(read) for read in reads),
        mounts=None if mounts is None else (*(_mount(one) for one in mounts), *(data.get("binds") or ())),
        **{name: data.get(name) for name in ("restore_s", "plain_bytes", "tables", "rows", "objects", "contents",
                                             "constraints", "indexes", "sequences", "application_image", "network",
                                             "application_s")},
    )


def _of_format_1(data: dict[str, Any]) -> dict[str, Any]:
    """Those records list every table, and count definitions by a hash that no longer is compared."""
    tables = data.get("tables")
    if tables is None:
        return data | {"objects": None}
    rows = {str(table["table"]): int(table["rows"]) for table in tables}
    return data | {"objects": None, "tables": len(rows), "rows": sum(rows.values()), "read_rows": rows}


def _read(data: dict[str, Any]) -> Read:
    return Read(str(data["path"]), int(data["status"]), bool(data["json"]), float(data["seconds"]), str(data["table"]),
                data["total"])


def _mount(data: dict[str, Any]) -> str:
    return f"{data.get('Type')} {data.get('Destination')} from {data.get('Source') or 'memory'}"
