"""Corrupted backups: a few of each kind; `make soak` tries three hundred of them. None may be accepted."""

from __future__ import annotations

import random

from lab.errors import LabError
from lab.resilience.backup_pair import Corruption, Pair
from lab.resilience.corruption_kinds import all_corruptions
from lab.resilience.corruptions import BY_RESTORE, FOLDER, never_accepted, newest_two_backups
from lab.resilience.file_corruptions import bit_flips, manifest_corruptions, truncations
from lab.resilience.sql_corruptions import altered_sql, missing_rows
from tests.faults.operators import Operator
from tests.lab_server import Lab

# whatever can be found without a restore costs nothing; each of these costs a restore
ONLY_A_RESTORE_FINDS = {"a row references a missing user", "a statement has a syntax error", "rows are deleted at the end"}
CONTENTS_REVEAL = {"one letter of one row changed", "a foreign key is missing", "a sequence restarts", "a column became nullable"}


def pairs(lab: Lab, operator: Operator) -> tuple[Pair, Pair]:
    for _ in range(2):
        try:
            good, other = newest_two_backups(lab.instance)
            if good.data["format"] == other.data["format"] == 3:
                return good, other
        except LabError:
            pass
        for _ in range(2):
            assert operator.run("30_backup_database", apply=True).code == 0
    return newest_two_backups(lab.instance)


def some_of(good: Pair) -> list[Corruption]:
    """Every hidden one that is named above, and one in eight of the others."""
    found_early = [*truncations(good, random.Random(1)), *bit_flips(good, random.Random(1)), *manifest_corruptions(good, random.Random(1))]
    others = [*found_early[::8], *list(missing_rows(good))[::5]]
    altered = [one for one in altered_sql() if one.name in ONLY_A_RESTORE_FINDS | CONTENTS_REVEAL]
    return others + altered


def test_no_corrupted_backup_is_accepted_and_none_reaches_the_live_database(
    lab: Lab, operator: Operator
) -> None:
    before = set(lab.on_server("ls", "/backups/postgres").split())
    good, other = pairs(lab, operator)
    chosen = some_of(good)
    assert len({corruption.name for corruption in all_corruptions(good)}) >= 200
    try:
        cases = list(never_accepted(lab.instance, good, other, chosen))
    finally:
        for name in set(lab.on_server("ls", "/backups/postgres").split()) - before:
            lab.on_server("rm", "-f", f"/backups/postgres/{name}")
    assert len(cases) == len(chosen) + 2 > 25  # and the good one, and the live database
    assert [case for case in cases if not case.passed] == []
    by_restore = [case.name for case in cases if case.measured.startswith(BY_RESTORE)]
    assert set(by_restore) == ONLY_A_RESTORE_FINDS
    assert lab.on_server("sh", "-c", f"ls -d {FOLDER} 2>/dev/null || true") == ""
