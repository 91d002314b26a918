"""Manifests of every format that was ever written, and none with a flipped bit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runbook_lib.recovery.facts.manifests import TableContents, manifest_name, parse_manifest, sealed_manifest

NAME = "staging_db_20261122_020000.sql.gz"
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)


def manifest(**changes: Any) -> str:
    snapshot = {"database": "staging_db", "taken_at": "2026-11-22T02:00:00Z", "server_version": "15", "database_bytes": 9}
    data = {"format": 3, "number": 4, "file": NAME, "sha256": "a" * 64, "size_bytes": 9, "plain_bytes": 9, "seconds": 1.5,
            "finished_at": "2026-11-22T02:00:10Z", "pg_dump_version": "15", "schema_revision": "0002", "contents": "c" * 32,
            "statements": "d" * 32, "objects": {"TABLE": 1, "SEQUENCE SET": 2}, "invalid_indexes": ["public.ix"], "unreadable": ["public.notes"],
            "snapshot": snapshot, "tables": [{"table": "public.users", "rows": 3, "bytes": 20, "content": "0f"}]} | changes
    return sealed_manifest(json.dumps(data)[:-1] + ",\n")


def test_a_manifest_describes_the_dump() -> None:
    found = parse_manifest(manifest())
    assert found.tables == (TableContents("public.users", 3, "0f", 20),)
    assert (found.contents, found.statements, found.invalid_indexes, found.unreadable) == ("c" * 32, "d" * 32, ("public.ix",), ("public.notes",))
    assert (found.objects, found.rows, found.number) == ({"TABLE": 1, "SEQUENCE SET": 2}, 3, 4)


def test_manifests_of_earlier_versions_have_rows_and_no_contents() -> None:
    old = {"objects": {"count": 9, "definitions": "0a"}, "tables": [{"table": "public.users", "rows": 3, "content": "1:2"}]}
    for number, text in ((2, manifest(format=2, **old)), (1, manifest(format=1, **old | {"number": 0}))):
        found = parse_manifest(text)
        assert (found.rows, found.contents, found.statements, found.objects) == (3, None, None, {}), number


def test_a_manifest_of_format_1_has_no_seal() -> None:
    data = json.loads(manifest(format=1))
    del data["manifest_sha256"]
    assert parse_manifest(json.dumps(data)).rows == 3
    with pytest.raises(UNREADABLE):
        parse_manifest(json.dumps(data | {"manifest_sha256": "0" * 64}))


@pytest.mark.parametrize("changes", [{"format": 4}, {"format": "3"}, {"sha256": "a"}, {"contents": None, "format": 0}, {"tables": None},
                                     {"objects": None}, {"snapshot": {}}])
def test_what_is_not_a_manifest_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UNREADABLE):
        parse_manifest(manifest(**changes))


def test_a_manifest_is_named_after_its_dump() -> None:
    assert manifest_name(NAME) == "staging_db_20261122_020000.manifest.json"


def test_no_bit_of_a_manifest_can_flip_unseen() -> None:
    whole = manifest().encode()
    assert parse_manifest(whole.decode()).number == 4
    for at in range(len(whole)):
        for bit in range(8):
            flipped = bytearray(whole)
            flipped[at] ^= 1 << bit
            with pytest.raises(UNREADABLE):
                parse_manifest(flipped.decode("utf-8", "backslashreplace"))


def test_a_manifest_that_ends_early_is_none() -> None:
    whole = manifest()
    for end in range(len(whole)):
        with pytest.raises(UNREADABLE):
            parse_manifest(whole[:end])
