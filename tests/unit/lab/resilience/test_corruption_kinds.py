"""The catalogue of corruptions: large, always the same, and every entry really changes the backup."""

from __future__ import annotations

import gzip

import pytest

from lab.resilience.backup_pair import Corruption
from lab.resilience.corruption_kinds import all_corruptions
from tests.unit.lab.resilience.sample_backups import GOOD, OTHER, SQL

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
