"""Retention on real files: sixty simulated nights on the server, with its own survey and the prune that runs there.

Nights fail, files rot, clocks jump. After every night the newest good backups that were ever made must still lie there.
"""

from __future__ import annotations

import gzip
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from lab.instance import Instance
from lab.processes import output
from lab.resilience.corruption_kinds import Pair, written
from lab.resilience.corruptions import lay_out
from lab.resilience.suite import Case, Suite
from runbook_lib.core import programs
from runbook_lib.environment import Environment, load_environment
from runbook_lib.recovery.facts.backups import Backups, parse_survey
from runbook_lib.recovery.plans.backup import backup_program, expired

FOLDER = "/backups/retention"
DAYS = 60
BEGIN = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
SQL = b"--\n-- PostgreSQL database dump\n--\n\n\n--\n-- PostgreSQL database dump complete\n--\n"

Night = tuple[str, int]  # good, fails, rots, server's clock, both clocks; and how many days


@dataclass
class Shelf:
    """The folder on the server over the nights, and how wrong the clocks are."""

    instance: Instance
    environment: Environment
    made: list[str] = field(default_factory=list)
    rotten: set[str] = field(default_factory=set)
    server_off: timedelta = timedelta()
    ours_off: timedelta = timedelta()
    pruned: int = 0

    def night(self, day: int, what: str, amount: int) -> None:
        """One night: something happens, then a backup is made and old ones go, unless the backup fails."""
        if what == "server's clock":
            self.server_off = timedelta(days=amount)
        elif what == "both clocks":
            self.server_off = self.ours_off = timedelta(days=amount)
        elif what == "rots" and self.made:
            self._rot(self.made[amount % len(self.made)])
        if what == "fails":
            self._server("touch", f"{FOLDER}/{self.environment.backup.database}.sql.gz.partial")
            return
        moment = BEGIN + timedelta(days=day)
        self._back_up(moment + self.server_off)
        self._prune(moment + timedelta(minutes=5))

    def lost(self) -> list[str]:
        """Of the newest good ones that were ever made, those that are gone."""
        there = set(self._server("ls", FOLDER).split())
        good = [name for name in self.made if name not in self.rotten]
        return [name for name in good[-self.environment.backup.keep_newest :] if name not in there]

    def _back_up(self, moment: datetime) -> None:
        rules = self.environment.backup
        name = f"{rules.database}_{moment:%Y%m%d_%H%M%S}.sql.gz"
        if name in self.made:  # the program does not write over a backup
            return
        pair = Pair(b"", written(about(name, rules.database, moment, len(self.made) + 1)))
        pair = pair.with_dump(gzip.compress(SQL + b"\n" * (len(self.made) % 50), mtime=0))
        lay_out(self.instance, [(name, pair)], FOLDER)
        self.made.append(name)

    def _rot(self, name: str) -> None:
        self._server("sh", "-c", f"[ ! -e {FOLDER}/{name} ] || truncate -s -3 {FOLDER}/{name}")
        self.rotten.add(name)

    def _prune(self, moment: datetime) -> None:
        rules = self.environment.backup
        names = [backup.name for backup in expired(self._survey(moment), self.environment)]
        if names:
            self._server("bash", "-s", "--", "prune", FOLDER, rules.database, str(rules.keep_newest), *names,
                         text=backup_program())
            self.pruned += len(names)

    def _survey(self, moment: datetime) -> Backups:
        """The folder as the server tells it, at the moment that is simulated."""
        database = self.environment.backup.database
        said = self._server("bash", "-s", "--", FOLDER, database, "0", text=programs.text("recovery/backups_survey.sh"))
        found = parse_survey(said, FOLDER, database, our_clock=moment + self.ours_off)
        return replace(found, server_clock=moment + self.server_off)

    def _server(self, *words: str, text: str | None = None) -> str:
        return output(self.instance.inside(*words, user="deploy" if text else "root"), input=text, timeout_s=120)


def about(name: str, database: str, moment: datetime, number: int) -> dict[str, object]:
    """What a manifest says of a backup of that moment, without its sums."""
    taken_at = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "format": 2, "number": number, "file": name, "sha256": "", "size_bytes": 0, "plain_bytes": 0, "seconds": 1.0,
        "finished_at": taken_at, "pg_dump_version": "15", "schema_revision": "0002", "objects": None,
        "snapshot": {"database": database, "taken_at": taken_at, "server_version": "15", "database_bytes": 9},
        "tables": [{"table": "public.users", "rows": 0, "content": "0:0"}],
    }


def prove(instance: Instance) -> Iterator[Case]:
    """Quiet nights, bad ones, and nights by wrong clocks."""
    yield from kept(instance, "sixty quiet nights", [("good", 0)] * DAYS)
    yield from kept(instance, "a server that was off for fifty nights",
                    [*[("good", 0)] * 9, *[("fails", 0)] * 50, ("good", 0)])
    yield from kept(instance, "ten nights on a clock that is 400 days late",
                    [*[("good", 0)] * 30, *[("server's clock", -400)] * 10, *[("both clocks", 0)] * 20])
    for seed in (1, 2):
        yield from kept(instance, f"failures, rot and clocks that jump, seed {seed}", stormy(seed))


def stormy(seed: int) -> list[Night]:
    """Sixty nights of which half are bad, the same ones for the same seed."""
    chance = random.Random(seed)
    bad = ("fails", "rots", "server's clock", "both clocks")
    nights: list[Night] = []
    for _ in range(DAYS):
        what, days = chance.choice(bad), chance.randint(-400, 400)
        if what == "rots":
            days = abs(days)  # which of the backups
        elif chance.random() < 0.5:
            days = 0  # the clock is right again
        nights.append((what, days) if chance.random() < 0.5 else ("good", 0))
    return nights


def kept(instance: Instance, name: str, nights: list[Night]) -> Iterator[Case]:
    """One case: after each of these nights, none of the newest good backups was lost."""
    began, lost = time.monotonic(), ""
    shelf = Shelf(instance, load_environment(instance.address.environment))
    output(instance.inside("sh", "-c", f"rm -rf {FOLDER} && install -d -o deploy {FOLDER}"))
    try:
        for day, (what, amount) in enumerate(nights):
            shelf.night(day, what, amount)
            gone = shelf.lost()
            if gone:
                lost = f"night {day} ({what} {amount}): {', '.join(gone)} gone"
                break
    finally:
        output(instance.inside("rm", "-rf", FOLDER))
    counted = f"{len(shelf.made)} made, {len(shelf.rotten)} rotted, {shelf.pruned} pruned, none of the newest lost"
    yield Case(name, not lost, lost or counted, time.monotonic() - began)


SUITE = Suite("retention", f"{DAYS} nights of failures and jumping clocks lose none of the newest good backups", prove)
