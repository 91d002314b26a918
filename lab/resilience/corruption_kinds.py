"""Damages that a backup can suffer, made from a real one: each gives a dump and a manifest that must not be accepted.

Where the manifest is made again for the damaged file, somebody or something wrote both: the sums agree, and only the
contents can tell.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from runbook_lib.recovery.facts.manifests import sealed_manifest

END = b"--\n-- PostgreSQL database dump complete\n--\n"
SEED = 20251015


@dataclass(frozen=True)
class Pair:
    """A dump and its manifest, as bytes. None: there is no such file."""

    dump: bytes | None
    manifest: bytes | None

    @property
    def sql(self) -> bytes:
        """The dump's text."""
        return gzip.decompress(self.dump or b"")

    def with_sql(self, sql: bytes) -> Pair:
        """Another text, compressed, with a manifest that names it: the sums agree, its tables are those from before."""
        return self.with_dump(gzip.compress(sql, 1, mtime=0), plain_bytes=len(sql))

    def with_dump(self, dump: bytes, **fields: object) -> Pair:
        """Other bytes, with a manifest that names them."""
        sums = {"sha256": hashlib.sha256(dump).hexdigest(), "size_bytes": len(dump)}
        return replace(self, dump=dump).with_manifest(**sums, **fields)

    def with_manifest(self, **fields: object) -> Pair:
        """The manifest with other values, sealed again."""
        data = {name: value for name, value in self.data.items() if name != "manifest_sha256"} | fields
        return replace(self, manifest=written(data))

    @property
    def data(self) -> dict[str, object]:
        """The manifest as values."""
        return dict(json.loads(self.manifest or b"{}"))

    def at(self, database: str, moment: datetime) -> tuple[str, Pair]:
        """The same backup as if it had been taken at another moment: its file name, and itself."""
        name = f"{database}_{moment:%Y%m%d_%H%M%S}.sql.gz"
        snapshot = {**self.data["snapshot"], "taken_at": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}  # type: ignore[dict-item]
        return name, self.with_manifest(file=name, snapshot=snapshot)


@dataclass(frozen=True)
class Corruption:
    """One way to be damaged. `another` is a second, good backup of the same database."""

    name: str
    of: Callable[[Pair, Pair], Pair]


def written(data: dict[str, object]) -> bytes:
    """A manifest as the backup program writes it: a table a line, the seal at the end."""
    tables, objects = data.pop("tables"), data.pop("objects", None)
    assert isinstance(tables, list)
    data["objects"] = "OBJECTS"
    head = json.dumps(data)[:-1].replace('"OBJECTS"', json.dumps(objects, separators=(", ", " : ")))
    rows = ",\n".join(json.dumps(table, separators=(", ", " : ")) for table in tables)
    lines = f'{head},\n "tables": [\n{rows}\n ],\n'
    return sealed_manifest(lines).encode()


def all_corruptions(good: Pair) -> tuple[Corruption, ...]:
    """More than two hundred, the same ones for the same backup."""
    chance = random.Random(SEED)
    return (*truncations(good, chance), *bit_flips(good, chance), *whole_files(), *manifests(good, chance),
            *cut_texts(good, chance), *lost_rows(good), *changed_texts())  # fmt: skip


def truncations(good: Pair, chance: random.Random) -> Iterator[Corruption]:
    """The file ends early: in gzip's header, in the stream, in the trailer; also with a manifest made afterwards."""
    size = len(good.dump or b"")
    places = [*range(1, 19), *sorted(chance.sample(range(19, size - 8), 32)), *range(size - 8, size)]
    for at in places:
        yield Corruption(f"cut after {at} of {size} bytes",
                         lambda one, _, at=at: replace(one, dump=(one.dump or b"")[:at]))
    for at in (0, 5, 18, size // 3, size // 2, size - 9, size - 8, size - 4, size - 1):
        yield Corruption(f"cut after {at} bytes, manifest made again",
                     lambda one, _, at=at: one.with_dump((one.dump or b"")[:at]))  # fmt: skip


def bit_flips(good: Pair, chance: random.Random) -> Iterator[Corruption]:
    """One bit is another; also with a manifest made afterwards, when gzip's own sum is all that is left."""
    size = len(good.dump or b"")
    for at in (0, 1, 2, 3, *sorted(chance.sample(range(10, size), 40)), size - 5, size - 1):
        bit = chance.randrange(8)
        yield Corruption(f"bit {bit} of byte {at} flipped",
                     lambda one, _, a=at, b=bit: replace(one, dump=flip(one.dump, a, b)))  # fmt: skip
    for at in (0, 1, *sorted(chance.sample(range(10, size), 12)), size - 7, size - 2):
        bit = chance.randrange(8)
        yield Corruption(f"bit {bit} of byte {at} flipped, manifest made again",
                     lambda one, _, a=at, b=bit: one.with_dump(flip(one.dump, a, b)))  # fmt: skip


def flip(raw: bytes | None, at: int, bit: int) -> bytes:
    """The same bytes with one bit inverted."""
    changed = bytearray(raw or b"")
    changed[at] ^= 1 << bit
    return bytes(changed)


def whole_files() -> Iterator[Corruption]:
    """Something else lies under the name; each also with a manifest made for it."""
    empty, garbage = gzip.compress(b"", mtime=0), gzip.compress(random.Random(SEED).randbytes(50_000), mtime=0)
    others: tuple[tuple[str, Callable[[Pair, Pair], bytes]], ...] = (
        ("an empty file", lambda one, other: b""),
        ("an empty gzip of 20 bytes", lambda one, other: empty),
        ("a valid gzip of garbage", lambda one, other: garbage),
        ("plain SQL that was never compressed", lambda one, other: one.sql),
        ("zeroes of the same length", lambda one, other: bytes(len(one.dump or b""))),
        ("a page of zeroes in the middle", lambda one, other: zeroed(one.dump or b"")),
        ("two dumps one after the other", lambda one, other: (one.dump or b"") + (other.dump or b"")),
        ("bytes after the end", lambda one, other: (one.dump or b"") + b"rest of another file"),
        ("a second gzip after the end", lambda one, other: (one.dump or b"") + gzip.compress(b"DROP TABLE users;\n")),
        ("the dump of another database", lambda one, other: gzip.compress(foreign(one.sql), 1, mtime=0)),
    )
    for name, make in others:
        yield Corruption(name, lambda one, other, make=make: replace(one, dump=make(one, other)))
        yield Corruption(f"{name}, manifest made again", lambda one, other, make=make: one.with_dump(make(one, other)))
    yield Corruption("another good backup under this name", lambda one, other: replace(one, dump=other.dump))


def zeroed(raw: bytes) -> bytes:
    """A lost page of the disk."""
    middle = len(raw) // 2
    return raw[:middle] + bytes(4096) + raw[middle + 4096 :]


def foreign(sql: bytes) -> bytes:
    """The same dump as another application would have it."""
    return sql.replace(b"public.", b"billing.")


def manifests(good: Pair, chance: random.Random) -> Iterator[Corruption]:
    """The dump is good, and what is written about it is not, or is about something else."""
    text = good.manifest or b""
    for at in sorted(chance.sample(range(len(text) - 1), 40)):
        bit = chance.randrange(8)
        yield Corruption(f"manifest: bit {bit} of byte {at} flipped",
                     lambda one, _, a=at, b=bit: replace(one, manifest=flip(one.manifest, a, b)))  # fmt: skip
    for at in (0, 1, len(text) // 4, len(text) // 2, len(text) - 80, len(text) - 3):
        yield Corruption(f"manifest: cut after {at} bytes",
                     lambda one, _, at=at: replace(one, manifest=(one.manifest or b"")[:at]))  # fmt: skip
    yield Corruption("manifest: there is none", lambda one, _: replace(one, manifest=None))
    yield Corruption("manifest: there is only a manifest", lambda one, _: replace(one, dump=None))
    yield Corruption("manifest: another backup's", lambda one, other: replace(one, manifest=other.manifest))
    yield Corruption("manifest: another backup's, with this one's name",
                 lambda one, other: replace(one, manifest=other.with_manifest(
                     file=one.data["file"], snapshot=one.data["snapshot"]).manifest))  # fmt: skip
    yield Corruption("manifest: of another database", lambda one, _: one.with_manifest(
        snapshot={**one.data["snapshot"], "database": "billing"}))  # type: ignore[dict-item]
    yield Corruption("manifest: taken at another time", lambda one, _: one.with_manifest(
        snapshot={**one.data["snapshot"], "taken_at": "2020-02-29T02:00:00Z"}))  # type: ignore[dict-item]
    yield Corruption("manifest: names no table", lambda one, _: one.with_manifest(tables=[]))
    for value in (b"null", b"[]", b'"text"', b"{}", b"\xff\xfe\x00", b"{" * 500):
        yield Corruption(f"manifest: {value[:12]!r}", lambda one, _, value=value: replace(one, manifest=value))


def cut_texts(good: Pair, chance: random.Random) -> Iterator[Corruption]:
    """The text ends early and is a perfect gzip with a perfect manifest: all of these load without an error."""
    sql = good.sql
    lines = [found.end() for found in re.finditer(b"\n", sql)]
    for at in [*sorted(chance.sample(lines[:-8], 30)), sql.rindex(END)]:
        yield Corruption(f"text cut at the end of a line, after {at} bytes",
                     lambda one, _, at=at: one.with_sql(one.sql[:at]))  # fmt: skip
    for at in sorted(chance.sample(range(100, len(sql) - 100), 10)):
        yield Corruption(f"text cut inside a line, after {at} bytes", lambda one, _, at=at: one.with_sql(one.sql[:at]))
    for table in tables(sql):
        at = sql.index(b"COPY " + table)
        yield Corruption(f"text cut before the rows of {table.decode()}, end marker added",
                     lambda one, _, at=at: one.with_sql(one.sql[:at] + END))  # fmt: skip


def lost_rows(good: Pair) -> Iterator[Corruption]:
    """Rows and tables that are gone, or there twice."""
    changes: tuple[tuple[str, Callable[[bytes, bytes], bytes]], ...] = (
        ("the first row is gone", lambda sql, table: edited(sql, table, drop_first)),
        ("a row is there twice", lambda sql, table: edited(sql, table, twice)),
        ("no row", lambda sql, table: edited(sql, table, lambda rows: [])),
        ("its rows are not there at all", without),
        ("its rows are there twice", doubled),
    )
    for table in tables(good.sql):
        name = table.decode()
        for what, change in changes:
            if change(good.sql, table) == good.sql:
                continue  # a table without rows has none to lose
            yield Corruption(f"{name}: {what}", lambda one, _, t=table, change=change: one.with_sql(change(one.sql, t)))
        yield Corruption(f"{name}: unknown to the manifest", lambda one, _, t=table: one.with_manifest(
            tables=[row for row in one.data["tables"] if row["table"] != t.decode()]))  # type: ignore[attr-defined]
    yield Corruption("a table too many", lambda one, _: one.with_sql(one.sql.replace(
        END, b"CREATE TABLE public.more (id int);\nCOPY public.more (id) FROM stdin;\n1\n\\.\n" + END)))


def changed_texts() -> Iterator[Corruption]:
    """As many rows as there should be, sums that agree: only a restore finds what these hold."""
    for name, change in CHANGES:
        yield Corruption(name, lambda one, _, change=change: one.with_sql(change(one.sql)))


def tables(sql: bytes) -> list[bytes]:
    """The tables that the dump has rows of."""
    return re.findall(rb"^COPY ([^ ]+) \([^\n]*FROM stdin;$", sql, re.MULTILINE)


def block(sql: bytes, table: bytes) -> tuple[int, int, int]:
    """Where a table's COPY begins, where its rows begin, and where they end."""
    found = re.search(rb"^COPY " + re.escape(table) + rb" \([^\n]*FROM stdin;\n", sql, re.MULTILINE)
    assert found, table
    return found.start(), found.end(), sql.index(b"\\.\n", found.end())


def edited(sql: bytes, table: bytes, edit: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """The dump with other rows in one table."""
    _, first, end = block(sql, table)
    rows = edit(sql[first:end].splitlines())
    return sql[:first] + b"".join(row + b"\n" for row in rows) + sql[end:]


def without(sql: bytes, table: bytes) -> bytes:
    """The dump without the rows of a table, and without a word about them."""
    start, _, end = block(sql, table)
    return sql[:start] + sql[end + 3 :]


def doubled(sql: bytes, table: bytes) -> bytes:
    """The dump with a table's COPY twice."""
    start, _, end = block(sql, table)
    return sql[: end + 3] + b"\n" + sql[start : end + 3] + sql[end + 3 :]


def gone(sql: bytes, pattern: bytes) -> bytes:
    """The dump without one statement."""
    changed, times = re.subn(pattern, b"", sql, count=1)
    assert times == 1, pattern
    return changed


def ending(sql: bytes, statement: bytes) -> bytes:
    """The dump with a statement before its end marker."""
    return sql.replace(END, statement + b"\n" + END)


def drop_first(rows: list[bytes]) -> list[bytes]:
    return rows[1:]


def twice(rows: list[bytes]) -> list[bytes]:
    return [*rows[:1], *rows]


def another_letter(rows: list[bytes]) -> list[bytes]:
    middle, (number, name, rest) = len(rows) // 2, rows[len(rows) // 2].split(b"\t", 2)
    return [*rows[:middle], b"\t".join((number, name[:-1] + b"Z", rest)), *rows[middle + 1 :]]


def swapped(rows: list[bytes]) -> list[bytes]:
    (one, first, rest), (two, second, other) = (row.split(b"\t", 2) for row in rows[:2])
    return [b"\t".join((one, second, rest)), b"\t".join((two, first, other)), *rows[2:]]


def orphaned(rows: list[bytes]) -> list[bytes]:
    number, name, text, _, rest = rows[0].split(b"\t", 4)
    return [b"\t".join((number, name, text, b"99999999", rest)), *rows[1:]]


USERS = b"public.users"
NAME, NO_NAME = b"username character varying(40) NOT NULL", b"username character varying(40)"
TEXT, NO_TEXT = b"description text DEFAULT ''::text NOT NULL", b"description text NOT NULL"
FOREIGN_KEY = rb"ALTER TABLE ONLY public\.squads\n +ADD CONSTRAINT \w+fkey[^;]+;"
CHANGES: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("one letter of one row is another", lambda sql: edited(sql, USERS, another_letter)),
    ("two rows have changed their names", lambda sql: edited(sql, USERS, swapped)),
    ("a row took another one's place", lambda sql: edited(sql, USERS, lambda rows: [*rows[:-1], rows[0]])),
    ("a row belongs to a user who is not there", lambda sql: edited(sql, b"public.squads", orphaned)),
    ("a byte that is no UTF-8", lambda sql: edited(sql, USERS, lambda rows: [rows[0][:-1] + b"\xff", *rows[1:]])),
    ("the schema revision is another", lambda sql: edited(sql, b"public.alembic_version", lambda rows: [b"0001"])),
    ("a foreign key is gone", lambda sql: gone(sql, FOREIGN_KEY)),
    ("a primary key is gone", lambda sql: gone(sql, rb"ALTER TABLE ONLY public\.alembic_version\n[^;]+;")),
    ("an index is gone", lambda sql: gone(sql, rb"CREATE INDEX ix_builds_owner_id[^;]+;")),
    ("a sequence starts again", lambda sql: gone(sql, rb"SELECT pg_catalog\.setval\('public\.users_id_seq'[^;]+;")),
    ("a column may be empty", lambda sql: sql.replace(NAME, NO_NAME)),
    ("a default is gone", lambda sql: sql.replace(TEXT, NO_TEXT, 1)),
    ("a statement is broken", lambda sql: sql.replace(b"CREATE TABLE public.squads", b"CREATE TABEL public.squads")),
    ("rows are deleted at the end", lambda sql: ending(sql, b"DELETE FROM public.events WHERE id = 1;")),
    ("a table is dropped at the end", lambda sql: ending(sql, b"DROP TABLE public.events;")),
    ("a table is emptied after psql's own words", lambda sql: ending(sql, b"\\echo ok\nTRUNCATE public.events;")),
)
