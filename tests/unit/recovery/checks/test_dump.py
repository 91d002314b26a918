"""A dump against its manifest: whatever differs has a name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.recovery.checks.dump import different_from_manifest, names_contents
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.dumps import DumpContents
from tests.unit.recovery.facts.test_backups import backup

ROWS = {"public.squads": 100, "public.gone": 3}


def recorded(**fields: Any) -> Backup:
    made = backup(1)
    assert made.manifest is not None
    return replace(made, manifest=replace(made.manifest, contents="c", statements="s") if not fields else
                   replace(made.manifest, **fields))


@pytest.mark.parametrize(
    ("contents", "different"),
    [
        (DumpContents(True, True, ROWS, "c", "s"), ""),
        (DumpContents(True, True, ROWS | {"public.gone": 2}, "c", "s"), "public.gone"),
        (DumpContents(True, True, ROWS | {"public.more": 0}, "c", "s"), "public.more"),
        (DumpContents(True, True, {}, "c", "s"), "public.gone, public.squads"),
        (DumpContents(True, True, ROWS, "x", "s"), "other contents than recorded"),
        (DumpContents(True, True, ROWS, "c", "x"), "other statements than recorded"),
        (DumpContents(False, False, ROWS), "other contents than recorded"),
    ],
)
def test_what_differs_is_named(contents: DumpContents, different: str) -> None:
    assert different_from_manifest(recorded(), contents) == different


def test_a_manifest_of_an_earlier_version_names_rows_alone() -> None:
    old = recorded(contents=None)
    assert different_from_manifest(old, DumpContents(True, True, ROWS, "any", "any")) == ""
    assert names_contents(old)
    assert not names_contents(recorded(contents=None, tables=()))
    assert names_contents(recorded(contents="c", tables=()))
