"""Corruptions of a dump's text: only the named table or statement differs, and the file around it is a valid one."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable

import pytest

from lab.resilience.backup_pair import END, Corruption, Pair
from lab.resilience.file_corruptions import SEED
from lab.resilience.sql_corruptions import CHANGES, HARMFUL, altered_sql, missing_rows, tables, truncated_sql
from tests.unit.lab.resilience.sample_backups import GOOD, OTHER, SQL, backup


def applied(corruptions: Iterable[Corruption], good: Pair = GOOD) -> dict[str, Pair]:
    return {one.name: one.apply(good, OTHER) for one in corruptions}


def rows(sql: bytes, table: bytes) -> list[bytes]:
    """The rows between a table's first COPY and its end."""
    return sql.partition(b"COPY " + table + b" ")[2].partition(b"\n")[2].partition(b"\\.\n")[0].splitlines()


def removed_lines(sql: bytes) -> list[bytes]:
    kept = sql.splitlines()
    return [line for line in SQL.splitlines() if line not in kept]


def test_a_truncated_text_is_a_whole_file_whose_checksums_agree() -> None:
    for name, pair in applied(truncated_sql(GOOD, random.Random(SEED))).items():
        assert SQL.startswith(pair.sql.removesuffix(END)), name
        assert pair.sql != SQL, name
        assert pair.data["sha256"] == hashlib.sha256(pair.raw).hexdigest(), name
        assert pair.sql.endswith(END) == name.endswith("end marker added"), name


def test_a_text_that_ends_before_each_table_has_none_of_its_rows() -> None:
    pairs = applied(truncated_sql(GOOD, random.Random(SEED)))
    assert rows(pairs["SQL truncated before the rows of public.squads, end marker added"].sql, b"public.squads") == []
    assert len([name for name in pairs if "before the rows of" in name]) == len(tables(SQL))


def test_the_tables_are_those_with_rows_in_the_order_of_the_dump() -> None:
    assert tables(SQL) == [b"public.users", b"public.squads", b"public.alembic_version"]
    assert tables(b"SELECT 'COPY public.x (a) FROM stdin;';\nCOPY public.y (a) TO stdout;\n") == []


@pytest.mark.parametrize(("what", "left"), [("the first row is missing", 38), ("a row is there twice", 40), ("no rows", 0), ("its COPY is missing", 0)])
def test_only_the_named_table_loses_or_repeats_rows(what: str, left: int) -> None:
    sql = applied(missing_rows(GOOD))[f"public.users: {what}"].sql
    assert len(rows(sql, b"public.users")) == left
    assert rows(sql, b"public.squads") == rows(SQL, b"public.squads")
    assert sql.endswith(END)


def test_a_copy_that_is_there_twice_brings_every_row_twice() -> None:
    sql = applied(missing_rows(GOOD))["public.squads: its COPY is there twice"].sql
    assert sql.count(b"COPY public.squads ") == 2
    assert sql.count(b"39\tplayer-39\t") == SQL.count(b"39\tplayer-39\t") + 1


def test_a_table_that_is_not_in_the_manifest_is_still_in_the_dump() -> None:
    pair = applied(missing_rows(GOOD))["public.users: not in the manifest"]
    assert [one["table"] for one in pair.data["tables"]] == ["public.squads", "public.alembic_version"]
    assert pair.dump == GOOD.dump


def test_a_table_without_rows_has_none_to_lose_and_is_not_claimed_to_lose_any() -> None:
    empty = SQL.replace(b"FROM stdin;\n0003\n\\.", b"FROM stdin;\n\\.")
    names = set(applied(missing_rows(backup(1, empty)), backup(1, empty)))
    assert "public.alembic_version: its COPY is missing" in names
    assert not {f"public.alembic_version: {what}" for what in ("no rows", "the first row is missing")} & names


def test_altered_rows_keep_their_number_and_differ_in_one_place() -> None:
    pairs = applied(altered_sql())
    for name in ("one letter of one row changed", "two rows swapped their names", "a row replaced by a copy of another"):
        before, after = rows(SQL, b"public.users"), rows(pairs[name].sql, b"public.users")
        assert len(after) == len(before), name
        changed = 2 if "swapped" in name else 1
        assert sum(one != other for one, other in zip(before, after, strict=True)) == changed, name


@pytest.mark.parametrize(("name", "first"), [
    ("a foreign key is missing", b"ALTER TABLE ONLY public.squads"),
    ("a primary key is missing", b"ALTER TABLE ONLY public.alembic_version"),
    ("an index is missing", b"CREATE INDEX ix_builds_owner_id"),
    ("a sequence restarts", b"SELECT pg_catalog.setval"),
])
def test_a_missing_statement_is_missing_whole_and_alone(name: str, first: bytes) -> None:
    gone = removed_lines(applied(altered_sql())[name].sql)
    assert gone and gone[0].startswith(first)
    assert len(gone) <= 2


def test_a_statement_that_the_dump_does_not_have_is_an_error_and_no_corruption_without_effect() -> None:
    without = SQL.replace(b"CREATE INDEX ix_builds_owner_id", b"CREATE INDEX ix_other")
    (index,) = [one for one in altered_sql() if one.name == "an index is missing"]
    with pytest.raises(AssertionError, match="ix_builds_owner_id"):
        index.apply(GOOD.with_sql(without), OTHER)


def test_what_only_a_restore_reveals_is_recorded_in_the_manifest_as_if_dumped_so() -> None:
    pairs = applied(altered_sql())
    assert set(pairs) == {name for name, _ in (*CHANGES, *HARMFUL)}
    recorded = {name for name, pair in pairs.items() if "contents" in pair.data}
    assert recorded == {name for name, _ in HARMFUL}
    good = GOOD.recorded_anew(SQL).data
    for name in recorded:
        data = pairs[name].data
        assert (data["contents"], data["statements"]) != (good["contents"], good["statements"]), name


def test_a_statement_is_appended_before_the_end_marker() -> None:
    sql = applied(altered_sql())["a table is dropped at the end"].sql
    assert sql.endswith(b"DROP TABLE public.events;\n" + END)
