"""What going back would lose: counted where it can be, never guessed where it cannot."""

from __future__ import annotations

from runbook_lib.platform.facts.database import DatabaseState, Table
from runbook_lib.recovery.facts.data_loss import UNKNOWN, DataLoss, rows_as_recorded
from runbook_lib.recovery.facts.restore_databases import SWAP_IN_PROGRESS, Databases, RestoreDatabase


def loss(live: dict[str, int | None] | None) -> DataLoss:
    return DataLoss("x.sql.gz", 90.0, {"public.users": 3, 'public."Odd Name"': 41}, live)


def test_rows_that_were_added_since_would_be_lost() -> None:
    found = loss({"public.users": 5, 'public."Odd Name"': 41, "public.new": 7})
    assert found.rows == 9
    assert "at least 9 rows" in found.sentence
    lost = {row["table"]: row["would be lost"] for row in found.table}
    assert lost == {"public.users": 2, 'public."Odd Name"': 0, "public.new": 7}


def test_a_table_whose_rows_may_not_be_seen_is_not_known_and_the_others_count() -> None:
    found = loss({"public.users": 4, "billing.invoices": None})
    assert found.rows == 1
    assert {row["table"]: row["would be lost"] for row in found.table}["billing.invoices"] == UNKNOWN


def test_a_database_that_cannot_be_counted_is_not_known_and_never_zero() -> None:
    found = loss(None)
    assert found.rows is None
    assert "unknown number of rows" in found.sentence
    assert {row["would be lost"] for row in found.table} == {UNKNOWN}


def test_nothing_added_is_told_as_such_and_changed_rows_are_named_as_invisible() -> None:
    assert "no table has more rows now. Changed and deleted rows" in loss({"public.users": 3}).sentence


def databases(*retained: tuple[str, str]) -> Databases:
    return Databases("db", None, retained=tuple(RestoreDatabase(name, "owner", 1, comment, open=True) for name, comment in retained))


def test_after_a_restore_the_loss_is_past_and_the_database_that_still_has_it_is_named() -> None:
    old, new = ("db_before_20261101_020000", "earlier"), ("db_before_20261128_030000", "restored")
    found = loss({"public.users": 5}).outcome(databases(old), databases(old, new))
    assert "would" not in found and "at least 2 rows" in found and "have returned" in found
    assert found.endswith("kept whole, as db_before_20261128_030000.")
    assert "Nothing" in loss({"public.users": 5}).outcome(databases(old, new), databases(old))


def test_of_an_interrupted_restore_that_is_finished_the_retained_database_is_named_too() -> None:
    new = "db_before_20261128_030000"
    found = loss(None).outcome(databases((new, SWAP_IN_PROGRESS + "x")), databases((new, "restored")))
    assert found.endswith(f"kept whole, as {new}.")


def test_partitions_that_a_backup_has_as_their_topmost_table_are_compared_as_that() -> None:
    """Found by trying: all rows of a table that is partitioned by the hash of an enum would be "lost"."""
    tables = tuple(Table("public", name, 1, rows, f"public.{name}", root)
                   for name, rows, root in (("a", 3, "public.whole"), ("b", 5, "public.whole"), ("c", 2, "public.other"), ("d", 1, "")))
    live = DatabaseState("15.20", 1, None, 1, 100, tables)
    assert rows_as_recorded(live, {"public.whole": 8, "public.c": 2}) == {"public.whole": 8, "public.c": 2, "public.d": 1}
    assert rows_as_recorded(live, {"public.a": 3}) == {"public.a": 3, "public.b": 5, "public.c": 2, "public.d": 1}
    hidden = (*tables, Table("public", "e", 1, None, "public.e", "public.whole"))
    assert rows_as_recorded(DatabaseState("15.20", 1, None, 1, 100, hidden), {"public.whole": 8})["public.whole"] is None
