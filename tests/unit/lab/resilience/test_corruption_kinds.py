"""The catalogue of corruptions: large, always the same, and every entry really changes the backup."""

from __future__ import annotations

import gzip

import pytest

from lab.resilience.backup_pair import END, Corruption, Pair, encode_manifest
from lab.resilience.corruption_kinds import all_corruptions

ROWS = b"\n".join(b"%d\tplayer-%d\t2026-01-01\t%d\tx" % (number, number, number) for number in range(1, 40))
SQL = (
    b"--\n-- PostgreSQL database dump\n--\nCREATE TABLE public.users (id integer, username character varying(40) NOT NULL,"
    b" description text DEFAULT ''::text NOT NULL);\nCREATE TABLE public.squads (id integer);\n"
    b"COPY public.users (id, username, made, owner, more) FROM stdin;\n" + ROWS + b"\n\\.\n\n"
    b"COPY public.squads (id, name, made, owner, more) FROM stdin;\n" + ROWS + b"\n\\.\n\n"
    b"COPY public.alembic_version (version_num) FROM stdin;\n0003\n\\.\n\n"
    b"SELECT pg_catalog.setval('public.users_id_seq', 39, true);\n"
    b"ALTER TABLE ONLY public.alembic_version\n    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);\n"
    b"CREATE INDEX ix_builds_owner_id ON public.builds USING btree (owner_id);\n"
    b"ALTER TABLE ONLY public.squads\n    ADD CONSTRAINT squads_owner_fkey FOREIGN KEY (owner) REFERENCES public.users(id);\n"
    + END
)


def backup(number: int, sql: bytes) -> Pair:
    manifest = {
        "format": 2, "number": number, "file": f"staging_db_2026010{number}_020000.sql.gz",
        "snapshot": {"database": "staging_db", "taken_at": f"2026-01-0{number}T02:00:00Z"},
        "tables": [{"table": f"public.{name}", "rows": 39, "content": "1:1"} for name in ("users", "squads", "alembic_version")],
    }
    return Pair(b"", encode_manifest(manifest)).with_sql(sql)


GOOD, OTHER = backup(1, SQL), backup(2, SQL.replace(b"player-1\t", b"player-one\t"))
CATALOGUE = all_corruptions(GOOD)


def test_the_catalogue_has_more_than_two_hundred_different_corruptions() -> None:
    assert len({corruption.name for corruption in CATALOGUE}) == len(CATALOGUE) > 200


def test_the_catalogue_is_the_same_for_the_same_backup() -> None:
    assert [one.name for one in all_corruptions(GOOD)] == [one.name for one in CATALOGUE]


@pytest.mark.parametrize("corruption", CATALOGUE, ids=lambda one: one.name)
def test_every_corruption_changes_the_backup(corruption: Corruption) -> None:
    assert corruption.apply(GOOD, OTHER) != GOOD


def test_a_new_manifest_agrees_with_the_corrupted_dump() -> None:
    (cut,) = [one for one in CATALOGUE if one.name == "truncated after 5 bytes, new manifest"]
    damaged = cut.apply(GOOD, OTHER)
    assert damaged.data["size_bytes"] == len(damaged.raw) == 5
    assert damaged.data["sha256"] != GOOD.data["sha256"]


def test_altered_sql_keeps_the_number_of_rows() -> None:
    (changed,) = [one for one in CATALOGUE if one.name == "one letter of one row changed"]
    sql = changed.apply(GOOD, OTHER).sql
    assert sql != SQL
    assert sql.count(b"\n") == SQL.count(b"\n")
    assert gzip.decompress(changed.apply(GOOD, OTHER).raw) == sql
