"""Rows of a backup's manifest and those of the database, by the same names."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from runbook_lib.core.questions import Question
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.database import Table
from runbook_lib.release.facts import kept_rows
from runbook_lib.release.facts.kept_rows import KeptRows, compare_rows, rows_kept
from tests.unit.recovery.facts.test_backups import backup, folder, live


def test_a_table_is_compared_by_its_name_in_the_backup() -> None:
    found = compare_rows(backup(1), live(40))
    assert (found.backup, found.before) == (backup(1).name, {"public.squads": 100, "public.gone": 3})
    assert found.now.get("public.squads") == 40
    assert "public.gone" not in found.now


def test_a_table_whose_rows_are_hidden_is_compared_with_nothing() -> None:
    state = live(40)
    hidden = replace(state, tables=(Table("public", "squads", 9, None), Table("public", "gone", 9, 3)))
    assert compare_rows(backup(1), hidden).before == {"public.gone": 3}


def test_a_table_of_an_extension_is_in_the_dump_and_not_gone() -> None:
    assert compare_rows(backup(1), live(40), {"public.gone"}).before == {"public.squads": 100}


def test_without_a_backup_there_is_nothing_to_compare() -> None:
    found = compare_rows(None, live(40))
    assert (found.backup, found.before) == ("", {})


def test_the_age_of_the_backup_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Any = {"survey": folder(backup(30)), "survey_database": live(40)}
    for name, answer in answers.items():
        monkeypatch.setattr(kept_rows, name, lambda *_, answer=answer, **given: Question("", lambda connections: answer))
    database: Any = SimpleNamespace(rows=lambda sql: [{"name": "public.gone"}])
    found = rows_kept(load_environment("staging")).fetch(cast(Any, SimpleNamespace(database=database)))
    assert isinstance(found, KeptRows)
    assert (found.age_h, found.before) == (30, {"public.squads": 100})
