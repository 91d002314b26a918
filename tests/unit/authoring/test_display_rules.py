"""What a check found is read before the next cell is run: it stands on the cell's last line."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.authoring.display_rules import results_are_shown
from tests.unit.authoring.test_notebook_rules import put, write


@pytest.mark.parametrize(("source", "calls"), [
    ("run.require(a)\nb = c", ["run.require"]),
    ("run.verify(a)\nrun.show(b)", ["run.verify"]),
    ("a = run.verify(b)\nc = run.verify(d)\na", ["run.verify"]),
    ("plan = run.plan(a)", ["run.plan"]),
    ("a = run.require(b)\nif c:\n    run.require(d)\na", ["run.require"]),
])
def test_a_result_that_no_line_shows_is_a_fault(tmp_path: Path, source: str, calls: list[str]) -> None:
    faults = results_are_shown(write(tmp_path, put(5, source)))
    assert [fault.split("what ")[1].split(" returns")[0] for fault in faults] == calls
    assert all(fault.startswith("cell 5: ") for fault in faults)


@pytest.mark.parametrize("source", [
    "run.require(a)", "a = run.verify(b)\na", "a = run.verify(b)\nc = run.require(d)\n(*a, *c)", "x = 1", "not python (",
    "a = run.require(b)\nif c:\n    a += run.require(d)\na", "found = run.verify(a)\nrun.show(b)\nfound",
])
def test_what_the_last_line_has_is_shown(tmp_path: Path, source: str) -> None:
    assert results_are_shown(write(tmp_path, put(5, source))) == []
