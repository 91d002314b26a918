"""A run's own cost: the parts of its measurement. The figures are for `make bench`, never for a test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.bench import overhead
from lab.bench.overhead import CELLS, Cost, Overhead, fill_archive, median
from lab.errors import LabError
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import list_runs, new_run, seal, verify_archive


def test_the_ratio_is_ours_to_theirs() -> None:
    found = Overhead(0, Cost(2.0, 1.0), Cost(8.0, 5.0))
    assert (found.wall_ratio, found.cpu_ratio) == (0.25, 0.2)
    assert "0.25 of the time, 0.20 of the CPU" in str(found)


def test_each_quantity_has_its_own_median() -> None:
    assert median([Cost(1, 9), Cost(2, 1), Cost(9, 2)]) == Cost(2, 2)


def test_both_notebooks_have_the_same_number_of_cells(tmp_path: Path) -> None:
    overhead._write_project(tmp_path / "project")
    for name in ("notebooks/10_trivial.ipynb", "plain.ipynb"):
        assert len(json.loads((tmp_path / "project" / name).read_text())["cells"]) == CELLS


def test_an_archive_is_filled_with_runs_that_the_chain_attests(tmp_path: Path) -> None:
    folder = new_run("10_trivial", tmp_path)
    with Journal(folder) as opened:
        opened.write("run_started", run_id=folder.run_id, notebook="10_trivial")
        opened.write("run_finished", verdict="passed", state="finished", exit_code=0, summary="Fine.")
    seal(folder)
    fill_archive(tmp_path, 20)
    assert len(list_runs(tmp_path)) == 20
    lines = (tmp_path / "chain.jsonl").read_text().splitlines()
    assert len({json.loads(line)["run_id"] for line in lines}) == 20
    assert verify_archive(tmp_path)


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="ended with 1"):
        overhead._cost(("false",), {})
