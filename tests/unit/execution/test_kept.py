"""What stays of a plan that is undone: a published backup and a finished migration are never called undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.runs import RunFolder, new_run
from runbook_lib.core.errors import RollbackFailed, RolledBack, StepFailed
from runbook_lib.core.plan import Plan, StepState
from runbook_lib.core.questions import Question
from runbook_lib.execution.backend import ActionResult
from tests.unit.execution_doubles import FAILED, ScriptedBackend, executed, gate, plan, step

PUBLISHED = ActionResult(StepState.PASSED, 0, stdout="published /backups/shop_20261128_030001.sql.gz\n")
NAME = "the backup shop_20261128_030001.sql.gz"


@pytest.fixture
def folder(outputs: Path) -> RunFolder:
    return new_run("20_deploy", outputs)


def backed_up(*more: str) -> Plan:
    dump = replace(step("dump"), kept_by="publish")
    publish = replace(step("publish", undo=False), keeps="the backup {published}")
    return plan(step("one"), dump, publish, *(step(name) for name in more or ("three",)))


def kept(folder: RunFolder) -> list[tuple[str, str, bool]]:
    return [(one["key"], one["what"], one["certain"]) for one in journal.read(folder) if one["event"] == "step_kept"]


def test_a_published_backup_is_named_as_kept_and_its_dump_is_not_undone(folder: RunFolder) -> None:
    backend = ScriptedBackend(three=FAILED, publish=PUBLISHED)
    with pytest.raises(RolledBack) as raised:
        executed(folder, backed_up(), backend)
    assert raised.value.what.endswith(f"2 steps undone; kept: {NAME}.")
    assert "Everything" not in raised.value.what
    assert backend.did[-2:] == ["unthree", "unone"]
    assert kept(folder) == [("dump", NAME, True), ("publish", NAME, True)]


def test_a_backup_that_was_not_published_is_undone_and_kept_nowhere(folder: RunFolder) -> None:
    backend = ScriptedBackend(publish=FAILED)
    with pytest.raises(RolledBack, match=r"Everything done so far was undone \(2 steps\)"):
        executed(folder, backed_up(), backend)
    assert backend.did[-2:] == ["undump", "unone"] and not kept(folder)


def test_a_finished_migration_stays_and_an_unfinished_one_may(folder: RunFolder) -> None:
    migrates = replace(step("two"), keeps="the migrations", may_keep="the migrations that had finished")
    with pytest.raises(RolledBack, match=r"2 steps undone; kept: the migrations\.\n"):
        executed(folder, plan(step("one"), migrates, step("three")), ScriptedBackend(three=FAILED))


def test_what_may_have_stayed_is_never_called_certain(folder: RunFolder) -> None:
    migrates = replace(step("two"), keeps="the migrations", may_keep="the migrations that had finished")
    backend = ScriptedBackend(two=FAILED)
    with pytest.raises(RolledBack, match=r"2 steps undone; may have stayed: the migrations that had finished\.\n"):
        executed(folder, plan(step("one"), migrates, step("three")), backend)
    assert backend.did[-2:] == ["untwo", "unone"]
    assert kept(folder) == [("two", "the migrations that had finished", False)]


def test_a_rollback_that_failed_neither_claims_everything_nor_lists_what_stays_as_not_undone(folder: RunFolder) -> None:
    state = Question("state", lambda _: {"colour": "green"})
    bad = replace(backed_up(), rollback_check=gate([False], deadline_s=0.05), state=state)
    with pytest.raises(RollbackFailed) as raised:
        executed(folder, bad, ScriptedBackend(three=FAILED, publish=PUBLISHED))
    assert f"2 steps undone; kept: {NAME}, but the external verification" in raised.value.what


def test_of_a_rollback_that_failed_the_backup_is_not_missing(folder: RunFolder) -> None:
    with pytest.raises(RollbackFailed, match="Not undone: One") as raised:
        executed(folder, backed_up(), ScriptedBackend(three=FAILED, publish=PUBLISHED, unthree=FAILED))
    assert "Dump" not in raised.value.what and f"Kept: {NAME}." in raised.value.what


def test_a_plan_that_had_nothing_to_undo_names_what_it_leaves(folder: RunFolder) -> None:
    steps = (replace(step("publish", undo=False), keeps="the backup {published}"), step("three", undo=False))
    with pytest.raises(StepFailed, match=f"kept: {NAME}"):
        executed(folder, plan(*steps), ScriptedBackend(three=FAILED, publish=PUBLISHED))
