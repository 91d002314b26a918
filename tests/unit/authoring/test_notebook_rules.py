"""Each rule of a notebook has its red case; a notebook that keeps them all is found to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.authoring import notebook_rules, place_rules
from runbook_lib.authoring.checking import missing_in
from runbook_lib.authoring.notebook_rules import faults_of_code
from runbook_lib.contract.catalogue import Runbook

CARD = "# Disk\nReads.\n\n**A minute. No outage.**\n\n| | |\n|---|---|\n| **Use it when** | often |\n| **It changes** | x |\n| **To undo** | - |"
PARAMETERS = (
    'environment: str = "lab"  # a file\nmode: str = "plan"  # plan or apply\n'
    'confirm: str = ""  # the environment\nreason: str = ""  # why'
)
OPEN = 'from runbook_lib import open_run\n\nrun = open_run("49_disk", globals())'
CELLS = (
    ("markdown", CARD), ("code", PARAMETERS), ("markdown", "## Target"), ("code", OPEN),
    ("markdown", "## Plan"), ("code", "plan = run.plan(make())\nplan"),
    ("markdown", "## Confirm"), ("code", "run.confirm(run.parameters.confirm)"), ("code", "run.execute(plan)"),
    ("markdown", "## Verdict"), ("code", "run.close()"),
    ("markdown", "## Rollback failed\n**Call the on-call engineer now: the first contact in [00](00_start_here.ipynb).**"),
    ("markdown", "## Failed, or rolled back\n\n| a |\n|---|\n| b |"), ("markdown", "## Passed\n\n| a |\n|---|\n| b |"),
)
Change = Callable[[list[dict[str, Any]]], object]


def cell(kind: str, source: str) -> dict[str, Any]:
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "source": source, "metadata": {}, **code}


def write(root: Path, change: Change = lambda cells: None) -> Runbook:
    """A project folder in which 49_disk keeps every rule, but for what `change` does to its cells."""
    cells = [cell(kind, source) for kind, source in CELLS]
    cells[1]["metadata"]["tags"] = ["parameters"]
    change(cells)
    for folder in ("notebooks", "docs/runbooks", "parameters/runs", "tests/lab/read_only"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    path = root / "notebooks/49_disk.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {"runbook": {"needs": ["ssh"]}}, "nbformat": 4, "nbformat_minor": 5}))
    start = {"cells": [cell("markdown", "# Start\n[49](49_disk.ipynb)"), cell("markdown", "## All\n[41](49_disk.ipynb)")]}
    (root / "notebooks/00_start_here.ipynb").write_text(json.dumps(start))
    (root / "README.md").write_text("[41](notebooks/49_disk.ipynb)")
    (root / "docs/runbooks/observability.md").write_text("[41](../../notebooks/49_disk.ipynb)")
    run = "# .venv/bin/papermill notebooks/49_disk.ipynb outputs/49_disk.ipynb -f parameters/runs/disk.yaml\nenvironment: staging\n"
    (root / "parameters/runs/disk.yaml").write_text(run)
    (root / place_rules.LAB_RUNS).write_text('RUNS = {\n    "49_disk": ((), 0, "passed"),\n}\n')
    return Runbook("49_disk", path)


def test_a_notebook_that_keeps_every_rule_lacks_nothing(tmp_path: Path) -> None:
    assert missing_in(write(tmp_path)) == ()


def put(index: int, source: str) -> Change:
    return lambda cells: cells[index].update(source=source)


def tag(index: int, *tags: str) -> Change:
    return lambda cells: cells[index]["metadata"].update(tags=list(tags))


@pytest.mark.parametrize(("rule", "change", "expected"), [
    ("card_is_complete", put(0, "Disk"), "begin with `# Title`"),
    ("card_is_complete", put(0, CARD.replace("To undo", "Undo")), "the row **To undo** is missing"),
    ("card_is_complete", put(0, CARD.replace("A minute", "Soon")), "how long it takes is missing"),
    ("parameters_come_first", tag(1), "tag the first code cell"),
    ("parameters_come_first", tag(3, "parameters"), "and no other"),
    ("parameters_are_typed_literals", put(1, "environment = 'lab'"), "annotated literals"),
    ("parameters_are_typed_literals", put(1, 'environment: str = "lab"  # a file'), "parameter reason is missing"),
    ("parameters_are_typed_literals", put(1, PARAMETERS + '\nfar: int = 3'), "parameter far has no comment"),
    ("defaults_change_nothing", put(1, PARAMETERS.replace('"plan"', '"apply"')), 'mode = "apply"'),
    ("defaults_change_nothing", put(7, 'run.confirm("staging")'), 'run.confirm("staging")'),
    ("run_is_opened_and_closed", put(3, OPEN.replace("49_disk", "40_disk")), "the second code cell"),
    ("run_is_opened_and_closed", put(10, "run.verify(x)"), "the last code cell"),
    ("changes_are_planned_and_confirmed", put(7, "x"), "should be run.plan, run.confirm, run.execute"),
    ("changes_are_planned_and_confirmed", put(1, 'environment: str = "lab"  # a file\nreason: str = ""  # why'),
     "should be none"),
    ("cells_are_thin", put(5, "\n".join(["a = 1"] * 11)), "cell 5: longer than 10 lines"),
    ("cells_are_thin", put(5, "for x in y: x"), "For belongs in runbook_lib"),
    ("cells_are_thin", put(5, "a b"), "is not Python"),
    ("prose_stands_before_code", lambda cells: cells.insert(10, cell("code", "x")), "cell 11: has no prose"),
    ("prose_stands_before_code", lambda cells: cells.pop(0), "the first cell should be the card"),
    ("prose_is_short", put(4, "## Plan\n" + "word " * 90), "cell 4: 91 words of prose; shorten it to 90"),
    ("prose_is_short", put(4, "## Plan\n\n| a |\n|---|\n" + "| word |\n" * 89), "cell 4: 91 words"),
    ("prose_is_short", put(9, "## Verdict\n" + "word " * 90), "cell 9: 91 words"),
    ("prose_is_short", put(0, CARD + "\n" + "word " * 85), "cell 0: "),
    ("prose_is_short", put(12, "## Failed, or rolled back\n" + "word " * 90 + "\n\n| a |\n|---|"), "cell 12: 94 words"),
    ("failures_are_not_hidden", tag(5, "raises-exception"), "cell 5: remove the tag"),
    ("ends_with_what_to_do", lambda cells: cells.append(cell("markdown", "read on")), "the last cell should be"),
    ("outcomes_are_three_cells", put(11, "## Rollback failed\nSee below.\n**Call the on-call engineer now: the first contact in [00](00_start_here.ipynb).**"),
     "cell 11, for the rollback failed, or what is as bad: its first line should be: **Call"),
    ("outcomes_are_three_cells", put(11, "## Rollback failed\n**Call A.**"), "with a link to 00_start_here.ipynb"),
    ("outcomes_are_three_cells", put(12, "## If a step failed\n\n| a |\n|---|\n| b |"), "cell 12, for rolled back"),
    ("outcomes_are_three_cells", put(12, "## Rolled back\nread on"), "and a table follows"),
    ("outcomes_are_three_cells", lambda cells: cells.reverse(), "for passed: it should be headed *Passed*"),
    ("outcomes_are_three_cells", lambda cells: cells.append(cells.pop(11)), "cell 13, for passed"),
    ("outcomes_are_three_cells", lambda cells: cells.pop(11), "cell 10, for the rollback failed"),
    ("outputs_are_stripped", lambda cells: cells[5].update(execution_count=3), "cell 5: has an output"),
    ("links_lead_somewhere", put(4, "see [x](40_gone.ipynb)"), "the link 40_gone.ipynb leads nowhere"),
])
def test_what_breaks_a_rule_is_reported_with_its_place(tmp_path: Path, rule: str, change: Change, expected: str) -> None:
    check = getattr(notebook_rules, rule, None) or getattr(place_rules, rule)
    assert expected in "\n".join(check(write(tmp_path, change)))


@pytest.mark.parametrize("change", [
    put(4, "## Plan\n" + "word - " * 89), put(0, CARD + "\n| word |" * 200), put(13, "## Passed\n\n|---|\n" + "| a | b |\n" * 99),
])
def test_signs_and_lookup_tables_before_and_after_the_run_are_no_prose(tmp_path: Path, change: Change) -> None:
    assert notebook_rules.prose_is_short(write(tmp_path, change)) == []


def test_a_notebook_that_only_reads_may_end_with_one_cell(tmp_path: Path) -> None:
    def only_read(cells: list[dict[str, Any]]) -> None:
        cells[1]["source"] = 'environment: str = "lab"  # a file\nreason: str = ""  # why'
        cells[11:] = [cell("markdown", "## What next\n\n| a |\n|---|\n| b |")]

    assert notebook_rules.outcomes_are_three_cells(write(tmp_path, only_read)) == []


def test_a_thick_cell_is_noticed() -> None:
    assert faults_of_code("import os", set())
    assert faults_of_code("from runbook_lib.connections import ssh", set())
    assert faults_of_code("from runbook_lib import secret_name", {"open_run"})
    assert faults_of_code("exit()", set()) == ["exit() in a cell"]
    assert faults_of_code("recovery.secret_name(x)", set()) == ["recovery.secret_name is not public"]
    assert faults_of_code("recovery.checks.secret_name(x)", set()) == ["recovery.checks.secret_name is not public"]
    assert faults_of_code("recovery.checks.backup_is_new(x).text", set()) == []
    assert faults_of_code("backups.named(x)", set()) == []
    assert faults_of_code("from runbook_lib import open_run", {"open_run"}) == []
