from __future__ import annotations

import json

import pytest

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.recovery.facts.restore_databases import kept_since, parse_databases


def line(name: str, comment: str = "", *, shut: bool = False) -> str:
    row = {"name": name, "owner": "staging_user", "size_bytes": 8_000_000, "comment": comment, "open": not shut}
    return json.dumps(row) + "\n"


def test_live_prepared_and_kept_databases_are_told_apart() -> None:
    text = line("staging_db", "runbook: restored from a.sql.gz") + line("staging_db_restore_20261122_020000") + line(
        "staging_db_before_20261122_030000", "runbook: kept, staging_db was restored from a.sql.gz", shut=True)
    seen = parse_databases(text, "staging_db")
    assert seen.live and seen.live.comment == "restored from a.sql.gz"
    assert [one.name for one in seen.prepared] == ["staging_db_restore_20261122_020000"]
    assert seen.unfinished is None
    assert seen.table[0]["to delete it"] == 'drop_kept = "staging_db_before_20261122_030000"'


def test_an_exchange_without_an_end_names_its_backup() -> None:
    text = line("staging_db") + line("staging_db_before_20261122_030000", "runbook: swap open, restored from a.sql.gz")
    assert parse_databases(text, "staging_db").unfinished_backup == "a.sql.gz"


def test_a_live_database_that_is_gone_is_none() -> None:
    assert parse_databases("", "staging_db").live is None


@pytest.mark.parametrize("text", ["psql: error", '{"name": "staging_db"}\n', "[]\n"])
def test_any_other_reply_is_unreadable(text: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_databases(text, "staging_db")


def test_the_time_of_a_kept_database_is_in_its_name() -> None:
    assert str(kept_since("staging_db_before_20261122_030000")) == "2026-11-22 03:00:00+00:00"
    assert kept_since("staging_db_before_20269922_030000") is None
