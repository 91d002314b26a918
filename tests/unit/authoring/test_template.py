"""The cells of a new notebook: complete, and with the author's part marked."""

from __future__ import annotations

import json

import pytest

from runbook_lib.authoring.template import Draft, notebook_text
from runbook_lib.contract import parse_contract

READING = Draft("49_disk_usage", "Disk usage", "the disk fills up", "observability")
CHANGING = Draft("73_clean_up", "Clean up", "the disk is full", "maintenance", "plan_clean_up")
IN_A_ROOM = Draft("36_move", "Move", "a backup must move", "recovery", "plan_move", "plans")


def sources(draft: Draft, kind: str = "code") -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(notebook_text(draft))["cells"] if cell["cell_type"] == kind]


def test_a_draft_is_named_by_number_and_word() -> None:
    assert (READING.number, READING.word) == ("49", "disk_usage")


def test_its_parameters_are_a_contract_with_safe_defaults() -> None:
    assert parse_contract("49", sources(READING)[0]).names == ["environment", "reason"]
    values = parse_contract("73", sources(CHANGING)[0]).check({})
    assert (values["mode"], values["confirm"], values["plan_hash"]) == ("plan", "", "")


@pytest.mark.parametrize(("draft", "call"), [(CHANGING, "maintenance.plan_clean_up(server"), (IN_A_ROOM, "recovery.plans.plan_move(server")])
def test_the_plan_is_called_where_its_family_offers_it(draft: Draft, call: str) -> None:
    assert any(call in source for source in sources(draft))


def test_a_notebook_that_only_reads_has_no_plan() -> None:
    assert not any(word in source for source in sources(READING) for word in ("run.plan", "run.confirm", "run.execute"))


@pytest.mark.parametrize("draft", [READING, CHANGING, IN_A_ROOM])
def test_the_same_draft_gives_the_same_file(draft: Draft) -> None:
    assert notebook_text(draft) == notebook_text(draft)
    assert "TO WRITE" in notebook_text(draft)
