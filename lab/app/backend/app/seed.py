"""Fill an empty database with the same believable rows every time: `python -m app.seed --rows 60000`.

Seeded users have no password. Running it again adds nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import asyncpg

from app.schemas import Profession, Role
from app.security import UNUSABLE

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
WORDS = ("Iron", "Crimson", "Silent", "Dawn", "Frost", "Ember", "Storm", "Raven", "Oak", "Tide")
GROUPS = ("Vanguard", "Wardens", "Company", "Blades", "Watch", "Legion", "Pack", "Guard")
KINDS = ("squad.joined", "squad.left", "build.viewed", "build.updated", "objective.taken", "objective.lost")

Rows = list[tuple[Any, ...]]
COLUMNS = {
    "users": ("id", "username", "password_hash", "created_at"),
    "builds": ("id", "name", "profession", "role", "description", "owner_id", "created_at", "updated_at"),
    "squads": ("id", "name", "description", "owner_id", "created_at", "updated_at"),
    "squad_members": ("squad_id", "user_id", "build_id", "joined_at"),
    "events": ("id", "at", "kind", "actor_id", "subject_id", "detail"),
}


def rows(total: int, after: dict[str, int] | None = None) -> dict[str, Rows]:
    """About `total` rows by table, the same for the same number: one in 120 a user, most of them events.

    `after` holds the highest id that each table has already; the new ids follow it.
    """
    chance = random.Random(20251015)
    first = {table: (after or {}).get(table, 0) + 1 for table in COLUMNS}
    ids = {
        "users": range(first["users"], first["users"] + max(8, total // 120)),
        "builds": range(first["builds"], first["builds"] + max(2, total // 20)),
        "squads": range(first["squads"], first["squads"] + max(1, total // 60)),
    }
    made: dict[str, Rows] = {
        "users": [(n, f"player{n - first['users'] + 1:05d}", UNUSABLE, _moment(chance)) for n in ids["users"]],
        "builds": [_build(chance, n, ids["users"]) for n in ids["builds"]],
        "squads": [],
        "squad_members": [],
    }
    for n in ids["squads"]:
        at, members = _moment(chance), chance.sample(ids["users"], k=chance.randint(3, 8))
        name = f"{chance.choice(WORDS)} {chance.choice(GROUPS)} {chance.randrange(1000)}"
        made["squads"].append((n, name, f"Meets at {n % 24:02d}:00 UTC.", members[0], at, at))
        made["squad_members"] += [(n, user, chance.choice(ids["builds"]), at) for user in members]
    left = max(1, total - sum(len(table) for table in made.values()))
    made["events"] = [_event(chance, first["events"] + n, n, ids) for n in range(left)]
    return made


def _moment(chance: random.Random) -> datetime:
    return BEGIN + timedelta(seconds=chance.randrange(280 * 86400))


def _build(chance: random.Random, number: int, users: range) -> tuple[Any, ...]:
    profession, role, at = chance.choice(get_args(Profession)), chance.choice(get_args(Role)), _moment(chance)
    name, text = f"{chance.choice(WORDS)} {profession.title()}", f"{role.title()} {profession}, set {number}."
    return number, name, profession, role, text, chance.choice(users), at, at


def _event(chance: random.Random, number: int, place: int, ids: dict[str, range]) -> tuple[Any, ...]:
    detail = json.dumps({"map": chance.choice(("red", "blue", "green", "eternal")), "score": chance.randrange(500)})
    at = BEGIN + timedelta(seconds=place * 480)
    return number, at, chance.choice(KINDS), chance.choice(ids["users"]), chance.choice(ids["squads"]), detail


async def seed(url: str, total: int) -> int:
    """Insert the rows in one transaction; the number inserted, 0 when the database was seeded before."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            # Others may read meanwhile; writers wait a second, so that no id is taken twice.
            await connection.execute("LOCK users, builds, squads, squad_members, events IN SHARE ROW EXCLUSIVE MODE")
            if await connection.fetchval("SELECT EXISTS (SELECT FROM users WHERE username = 'player00001')"):
                return 0
            numbered = [table for table, columns in COLUMNS.items() if columns[0] == "id"]
            after = {table: await connection.fetchval(f"SELECT max(id) FROM {table}") or 0 for table in numbered}
            made = rows(total, after)
            for table, columns in COLUMNS.items():
                await connection.copy_records_to_table(table, records=made[table], columns=columns)
            for table in numbered:
                sequence = f"pg_get_serial_sequence('{table}', 'id')"
                await connection.execute(f"SELECT setval({sequence}, max(id)) FROM {table}")
        await connection.execute("ANALYZE users, builds, squads, squad_members, events")
        return sum(len(table) for table in made.values())
    finally:
        await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.seed", description="Fill an empty database.")
    parser.add_argument("--rows", type=int, default=60_000, help="about how many rows in all (default 60000)")
    wanted = parser.parse_args().rows
    url = os.environ.get("DATABASE_URL") or sys.exit("Not seeded: DATABASE_URL is missing.")
    started = time.monotonic()
    inserted = asyncio.run(seed(url, wanted))
    if inserted:
        print(f"{inserted} rows in {time.monotonic() - started:.1f} s")
    else:
        print("nothing to do: the database is seeded already")


if __name__ == "__main__":
    main()
