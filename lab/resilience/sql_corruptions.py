"""Corruptions of a dump's text: truncated SQL, missing or repeated rows, statements that were altered."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from lab.resilience.backup_pair import END, Corruption, Pair

Sql = Callable[[bytes], bytes]
Rows = Callable[[list[bytes]], list[bytes]]


def truncated_sql(good: Pair, chance: random.Random) -> Iterator[Corruption]:
    """The text ends early, in a valid gzip with a valid manifest: all of these load without an error."""
    sql = good.sql
    lines = [found.end() for found in re.finditer(b"\n", sql)]
    for length in [*sorted(chance.sample(lines[:-8], 30)), sql.rindex(END)]:
        yield _on_sql(f"SQL truncated at the end of a line, after {length} bytes", _head(length))
    for length in sorted(chance.sample(range(100, len(sql) - 100), 10)):
        yield _on_sql(f"SQL truncated inside a line, after {length} bytes", _head(length))
    for table in tables(sql):
        length = sql.index(b"COPY " + table)
        yield _on_sql(f"SQL truncated before the rows of {table.decode()}, end marker added", _head(length, END))


def missing_rows(good: Pair) -> Iterator[Corruption]:
    """Rows and tables that are missing, or there twice."""
    changes: tuple[tuple[str, Callable[[bytes], Sql]], ...] = (
        ("the first row is missing", lambda table: _edit(table, lambda rows: rows[1:])),
        ("a row is there twice", lambda table: _edit(table, lambda rows: [*rows[:1], *rows])),
        ("no rows", lambda table: _edit(table, lambda rows: [])),
        ("its COPY is missing", _without_copy),
        ("its COPY is there twice", _copied_twice),
    )
    for table in tables(good.sql):
        name = table.decode()
        for what, change in changes:
            if change(table)(good.sql) != good.sql:  # a table without rows has none to lose
                yield _on_sql(f"{name}: {what}", change(table))
        yield Corruption(f"{name}: not in the manifest", _not_in_manifest(name))
    extra = b"CREATE TABLE public.more (id int);\nCOPY public.more (id) FROM stdin;\n1\n\\.\n"
    yield _on_sql("an additional table", lambda sql: sql.replace(END, extra + END))


def altered_sql() -> Iterator[Corruption]:
    """The right number of rows and checksums that agree: only the contents reveal these, and some only a restore."""
    for name, change in CHANGES:
        yield _on_sql(name, change)
    for name, change in HARMFUL:
        yield Corruption(name, _recorded_anew(change))


def tables(sql: bytes) -> list[bytes]:
    """The tables of which the dump has rows."""
    return re.findall(rb"^COPY ([^ ]+) \([^\n]*FROM stdin;$", sql, re.MULTILINE)


def _on_sql(name: str, change: Sql) -> Corruption:
    return Corruption(name, lambda pair, other: pair.with_sql(change(pair.sql)))


def _recorded_anew(change: Sql) -> Callable[[Pair, Pair], Pair]:
    return lambda pair, other: pair.recorded_anew(change(pair.sql))


def _head(length: int, end: bytes = b"") -> Sql:
    return lambda sql: sql[:length] + end


def _not_in_manifest(name: str) -> Callable[[Pair, Pair], Pair]:
    return lambda pair, other: pair.with_manifest(tables=[row for row in pair.data["tables"] if row["table"] != name])


def _block(sql: bytes, table: bytes) -> tuple[int, int, int]:
    """Where a table's COPY begins, where its rows begin, and where they end."""
    found = re.search(rb"^COPY " + re.escape(table) + rb" \([^\n]*FROM stdin;\n", sql, re.MULTILINE)
    assert found, table
    return found.start(), found.end(), sql.index(b"\\.\n", found.end())


def _edit(table: bytes, change: Rows) -> Sql:
    """The dump with other rows in one table."""

    def edit(sql: bytes) -> bytes:
        _, first, end = _block(sql, table)
        rows = change(sql[first:end].splitlines())
        return sql[:first] + b"".join(row + b"\n" for row in rows) + sql[end:]

    return edit


def _without_copy(table: bytes) -> Sql:
    def edit(sql: bytes) -> bytes:
        start, _, end = _block(sql, table)
        return sql[:start] + sql[end + 3 :]

    return edit


def _copied_twice(table: bytes) -> Sql:
    def edit(sql: bytes) -> bytes:
        start, _, end = _block(sql, table)
        return sql[: end + 3] + b"\n" + sql[start : end + 3] + sql[end + 3 :]

    return edit


def _remove(pattern: bytes) -> Sql:
    """The dump without one statement."""

    def edit(sql: bytes) -> bytes:
        changed, count = re.subn(pattern, b"", sql, count=1)
        assert count == 1, pattern
        return changed

    return edit


def _append(statement: bytes) -> Sql:
    """The dump with a statement before its end marker."""
    return lambda sql: sql.replace(END, statement + b"\n" + END)


def _replace(old: bytes, new: bytes, count: int = -1) -> Sql:
    return lambda sql: sql.replace(old, new, count)


def _one_letter_changed(rows: list[bytes]) -> list[bytes]:
    middle, (number, name, rest) = len(rows) // 2, rows[len(rows) // 2].split(b"\t", 2)
    return [*rows[:middle], b"\t".join((number, name[:-1] + b"Z", rest)), *rows[middle + 1 :]]


def _names_swapped(rows: list[bytes]) -> list[bytes]:
    (one, first, rest), (two, second, other) = (row.split(b"\t", 2) for row in rows[:2])
    return [b"\t".join((one, second, rest)), b"\t".join((two, first, other)), *rows[2:]]


def _orphaned(rows: list[bytes]) -> list[bytes]:
    number, name, text, _, rest = rows[0].split(b"\t", 4)
    return [b"\t".join((number, name, text, b"99999999", rest)), *rows[1:]]


USERS = b"public.users"
NAME, NULLABLE_NAME = b"username character varying(40) NOT NULL", b"username character varying(40)"
TEXT, TEXT_WITHOUT_DEFAULT = b"description text DEFAULT ''::text NOT NULL", b"description text NOT NULL"
FOREIGN_KEY = rb"ALTER TABLE ONLY public\.squads\n +ADD CONSTRAINT \w+fkey[^;]+;"
CHANGES: tuple[tuple[str, Sql], ...] = (
    ("one letter of one row changed", _edit(USERS, _one_letter_changed)),
    ("two rows swapped their names", _edit(USERS, _names_swapped)),
    ("a row replaced by a copy of another", _edit(USERS, lambda rows: [*rows[:-1], rows[0]])),
    ("the schema revision changed", _edit(b"public.alembic_version", lambda rows: [b"0001"])),
    ("a foreign key is missing", _remove(FOREIGN_KEY)),
    ("a primary key is missing", _remove(rb"ALTER TABLE ONLY public\.alembic_version\n[^;]+;")),
    ("an index is missing", _remove(rb"CREATE INDEX ix_builds_owner_id[^;]+;")),
    ("a sequence restarts", _remove(rb"SELECT pg_catalog\.setval\('public\.users_id_seq'[^;]+;")),
    ("a column became nullable", _replace(NAME, NULLABLE_NAME)),
    ("a default is missing", _replace(TEXT, TEXT_WITHOUT_DEFAULT, 1)),
)
# the dump was made so, and its manifest with it: neither checksums nor contents reveal it
HARMFUL: tuple[tuple[str, Sql], ...] = (
    ("a row references a missing user", _edit(b"public.squads", _orphaned)),
    ("a byte that is not UTF-8", _edit(USERS, lambda rows: [rows[0][:-1] + b"\xff", *rows[1:]])),
    ("a statement has a syntax error", _replace(b"CREATE TABLE public.squads", b"CREATE TABEL public.squads")),
    ("rows are deleted at the end", _append(b"DELETE FROM public.events WHERE id = 1;")),
    ("a table is dropped at the end", _append(b"DROP TABLE public.events;")),
    ("a table is truncated after a psql command", _append(b"\\echo ok\nTRUNCATE public.events;")),
)
