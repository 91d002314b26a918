"""Retention on real files: sixty simulated nights on the server, with its own survey and prune program.

Backups fail, files become corrupt, clocks jump. After every night the newest good backups must still be there.
"""

from __future__ import annotations

import gzip
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from lab.instance import Instance
from lab.processes import output
from lab.resilience.backup_pair import Pair, encode_manifest
from lab.resilience.corruptions import write_pairs
from lab.resilience.suite import Case, Suite
from runbook_lib.environment import Environment, load_environment
from runbook_lib.recovery.facts.backup_survey import parse_survey, survey_program
from runbook_lib.recovery.facts.backups import Backups
from runbook_lib.recovery.plans.backup import backup_program, expired

FOLDER = "/backups/retention"
DAYS = 60
BEGIN = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
SQL = b"--\n-- PostgreSQL database dump\n--\n\n\n--\n-- PostgreSQL database dump complete\n--\n"


class Event(Enum):
    """What happens in a night."""

    NONE = "nothing"
    BACKUP_FAILS = "the backup fails"
    CORRUPTION = "a backup becomes corrupt"
    SERVER_CLOCK = "the server's clock is off"
    BOTH_CLOCKS = "both clocks are off"


@dataclass(frozen=True)
class SimulatedNight:
    """A night: its event, and by how many days a clock is off, or which of the backups becomes corrupt."""

    event: Event = Event.NONE
    amount: int = 0


@dataclass
class BackupFolder:
    """The folder on the server over the nights, and by how much the clocks are off."""

    instance: Instance
    environment: Environment
    made: list[str] = field(default_factory=list)
    corrupted: set[str] = field(default_factory=set)
    server_offset: timedelta = timedelta()
    local_offset: timedelta = timedelta()
    pruned: int = 0

    def run_night(self, day: int, night: SimulatedNight) -> None:
        """The night's event, then a backup and the prune, unless the backup fails."""
        if night.event is Event.SERVER_CLOCK:
            self.server_offset = timedelta(days=night.amount)
        elif night.event is Event.BOTH_CLOCKS:
            self.server_offset = self.local_offset = timedelta(days=night.amount)
        elif night.event is Event.CORRUPTION and self.made:
            self._corrupt(self.made[night.amount % len(self.made)])
        if night.event is Event.BACKUP_FAILS:
            self._server("touch", f"{FOLDER}/{self.environment.postgres.name}.sql.gz.partial")
            return
        moment = BEGIN + timedelta(days=day)
        self._back_up(moment + self.server_offset)
        self._prune(moment + timedelta(minutes=5))

    def lost(self) -> list[str]:
        """Of the newest good backups that were ever made, those that are missing."""
        there = set(self._server("ls", FOLDER).split())
        good = [name for name in self.made if name not in self.corrupted]
        return [name for name in good[-self.environment.backup.keep_newest :] if name not in there]

    def _back_up(self, moment: datetime) -> None:
        database = self.environment.postgres.name
        name = f"{database}_{moment:%Y%m%d_%H%M%S}.sql.gz"
        if name in self.made:  # the program does not overwrite a backup
            return
        pair = Pair(b"", encode_manifest(_manifest(name, database, moment, len(self.made) + 1)))
        pair = pair.with_dump(gzip.compress(SQL + b"\n" * (len(self.made) % 50), mtime=0))
        write_pairs(self.instance, [(name, pair)], FOLDER)
        self.made.append(name)

    def _corrupt(self, name: str) -> None:
        self._server("sh", "-c", f"[ ! -e {FOLDER}/{name} ] || truncate -s -3 {FOLDER}/{name}")
        self.corrupted.add(name)

    def _prune(self, moment: datetime) -> None:
        rules = self.environment.backup
        names = [backup.name for backup in expired(self._survey(moment), self.environment)]
        if names:
            self._server("bash", "-s", "--", "prune", FOLDER, self.environment.postgres.name, self.environment.project,
                         str(rules.keep_newest), *names, text=backup_program())
            self.pruned += len(names)

    def _survey(self, moment: datetime) -> Backups:
        """The folder as the server reports it, at the simulated moment."""
        database = self.environment.postgres.name
        rows = self._server("bash", "-s", "--", FOLDER, database, "0", text=survey_program())
        found = parse_survey(rows, FOLDER, database, self.environment.project, our_clock=moment + self.local_offset)
        return replace(found, server_clock=moment + self.server_offset)

    def _server(self, *words: str, text: str | None = None) -> str:
        return output(self.instance.inside(*words, user="deploy" if text else "root"), input=text, timeout_s=120)


def _manifest(name: str, database: str, moment: datetime, number: int) -> dict[str, Any]:
    """The manifest of a backup of that moment, without its checksums."""
    taken_at = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "format": 2, "number": number, "file": name, "sha256": "", "size_bytes": 0, "plain_bytes": 0, "seconds": 1.0,
        "finished_at": taken_at, "pg_dump_version": "15", "schema_revision": "0002", "objects": None,
        "snapshot": {"database": database, "taken_at": taken_at, "server_version": "15", "database_bytes": 9},
        "tables": [{"table": "public.users", "rows": 0, "content": "0:0"}],
    }


def run_cases(instance: Instance) -> Iterator[Case]:
    """Quiet nights, nights with failures, and nights with wrong clocks."""
    quiet = SimulatedNight()
    yield case(instance, "sixty quiet nights", [quiet] * DAYS)
    yield case(instance, "backups fail for fifty nights",
               [*[quiet] * 9, *[SimulatedNight(Event.BACKUP_FAILS)] * 50, quiet])
    yield case(instance, "ten nights with a server clock 400 days slow",
               [*[quiet] * 30, *[SimulatedNight(Event.SERVER_CLOCK, -400)] * 10,
                *[SimulatedNight(Event.BOTH_CLOCKS)] * 20])
    for seed in (1, 2):
        yield case(instance, f"failures, corruption and jumping clocks, seed {seed}", adverse(seed))


def adverse(seed: int) -> list[SimulatedNight]:
    """Sixty nights, half of them with an event; the same ones for the same seed."""
    chance = random.Random(seed)
    events = (Event.BACKUP_FAILS, Event.CORRUPTION, Event.SERVER_CLOCK, Event.BOTH_CLOCKS)
    nights: list[SimulatedNight] = []
    for _ in range(DAYS):
        event, amount = chance.choice(events), chance.randint(-400, 400)
        if event is Event.CORRUPTION:
            amount = abs(amount)
        elif chance.random() < 0.5:
            amount = 0  # the clock is correct again
        nights.append(SimulatedNight(event, amount) if chance.random() < 0.5 else SimulatedNight())
    return nights


def case(instance: Instance, name: str, nights: list[SimulatedNight]) -> Case:
    """One case: after each of these nights, none of the newest good backups is missing."""
    began, lost = time.monotonic(), ""
    folder = BackupFolder(instance, load_environment(instance.address.environment))
    output(instance.inside("sh", "-c", f"rm -rf {FOLDER} && install -d -o deploy {FOLDER}"))
    try:
        for day, night in enumerate(nights):
            folder.run_night(day, night)
            missing = folder.lost()
            if missing:
                lost = f"night {day} ({night.event.value}, {night.amount}): {', '.join(missing)} missing"
                break
    finally:
        output(instance.inside("rm", "-rf", FOLDER))
    counts = (f"{len(folder.made)} made, {len(folder.corrupted)} corrupted, {folder.pruned} pruned, "
              "none of the newest lost")
    return Case(name, not lost, lost or counts, time.monotonic() - began)


SUITE = Suite("retention", f"{DAYS} nights of failures and jumping clocks lose none of the newest good backups",
              run_cases)
