"""A backup as bytes: what a change of the dump does to its manifest, and what it leaves alone."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

from lab.resilience.backup_pair import Pair, encode_manifest
from tests.unit.lab.resilience.sample_backups import GOOD, SQL

ONE_ROW_LESS = SQL.replace(b"39\tplayer-39\t2026-01-01\t39\tx\n", b"", 1)


def rows_of(pair: Pair) -> dict[str, int]:
    return {one["table"]: one["rows"] for one in pair.data["tables"]}


def seal_holds(manifest: bytes) -> bool:
    """Whether the last line is the checksum of the lines before it."""
    lines, _, seal = manifest.rpartition(b"\n ")
    return json.loads(b"{" + seal)["manifest_sha256"] == hashlib.sha256(lines + b"\n").hexdigest()


def test_another_text_has_checksums_that_agree_and_the_tables_of_the_old_one() -> None:
    changed = GOOD.with_sql(ONE_ROW_LESS)
    assert changed.sql == ONE_ROW_LESS
    assert changed.data["sha256"] == hashlib.sha256(changed.raw).hexdigest()
    assert (changed.data["size_bytes"], changed.data["plain_bytes"]) == (len(changed.raw), len(ONE_ROW_LESS))
    assert rows_of(changed) == rows_of(GOOD)


def test_a_text_recorded_anew_has_the_tables_that_it_really_holds() -> None:
    recorded = GOOD.recorded_anew(ONE_ROW_LESS)
    assert rows_of(recorded) == {"public.users": 38, "public.squads": 39, "public.alembic_version": 1}
    whole = GOOD.recorded_anew(SQL)
    assert whole.data["contents"] != recorded.data["contents"]
    assert whole.data["statements"] == recorded.data["statements"]  # rows are no statements


def test_a_changed_manifest_is_sealed_again_and_a_flipped_bit_breaks_the_seal() -> None:
    manifest = GOOD.with_manifest(number=7).manifest or b""
    assert seal_holds(manifest)
    assert not seal_holds(manifest.replace(b'"number": 7', b'"number": 8'))
    assert json.loads(manifest)["number"] == 7


def test_a_manifest_has_one_table_a_line_and_keeps_its_objects() -> None:
    tables = [{"table": "public.a", "rows": 1}, {"table": "public.b", "rows": 2}]
    lines = encode_manifest({"file": "x", "tables": list(tables), "objects": {"index": 3}}).decode().splitlines()
    assert [line for line in lines if "public." in line] == ['{"table" : "public.a", "rows" : 1},', '{"table" : "public.b", "rows" : 2}']
    assert json.loads("".join(lines))["objects"] == {"index": 3}


def test_a_backup_of_another_moment_is_named_and_dated_so_and_has_the_same_dump() -> None:
    name, moved = GOOD.at("staging_db", datetime(2024, 2, 29, 2, 5, tzinfo=UTC))
    assert name == moved.data["file"] == "staging_db_20240229_020500.sql.gz"
    assert moved.data["snapshot"] == {"database": "staging_db", "taken_at": "2024-02-29T02:05:00Z"}
    assert moved.dump == GOOD.dump


def test_a_missing_file_counts_as_empty_and_an_empty_dump_is_not_a_missing_one() -> None:
    assert Pair(None, None).raw == b""
    assert Pair(None, None).data == {}
    assert replace(GOOD, dump=None) != replace(GOOD, dump=b"")


def test_the_same_text_gives_the_same_bytes() -> None:
    assert GOOD.with_sql(SQL) == GOOD.with_sql(SQL)
    assert gzip.decompress(GOOD.with_sql(SQL).raw) == SQL
