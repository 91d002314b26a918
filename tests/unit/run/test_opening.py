"""Opening a run: what is refused before anything is written, and what counts as a parameter."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from runbook_lib import open_run
from runbook_lib.archive import journal
from runbook_lib.archive.runs import list_runs, new_run
from runbook_lib.contract import parse_contract
from runbook_lib.core.errors import (
    BadParameter,
    EnvironmentInvalid,
    Refused,
)
from runbook_lib.kernel import assignment
from runbook_lib.run import current, opening
from runbook_lib.run.opening import extract_parameters
from tests.notebooks.sample_notebooks import PARAMETERS, ProjectDir
from tests.unit.run_doubles import opened


@pytest.mark.parametrize(("wrong", "error"), [
    ({"confrim": "x"}, BadParameter), ({"count": "3"}, BadParameter), ({"environment": "elsewhere"}, EnvironmentInvalid),
])
def test_a_wrong_request_leaves_no_run(project_dir: ProjectDir, outputs: Path, wrong: dict[str, Any], error: type) -> None:
    with pytest.raises(error):
        opened(**wrong)
    assert list_runs(outputs) == []


def test_modules_functions_and_private_names_of_a_notebook_are_no_parameters(project_dir: ProjectDir) -> None:
    assert opened(Path=Path, _i="x", In=["x"], helper=len).parameters.count == 3


def test_a_second_opening_in_the_same_process_seals_the_first_and_lets_names_of_cells_be(
    project_dir: ProjectDir, outputs: Path
) -> None:
    first = opened()
    second = opened(plan_of_mine="a name that a cell made")
    assert first.closed
    assert not second.closed
    states = {run.run_id: run.state for run in list_runs(outputs)}
    assert states == {first.run_id: "aborted", second.run_id: "open"}


@pytest.mark.parametrize("name", ["exit", "open", "In", "_dh"])
def test_names_that_ipython_sets_are_no_parameters(name: str) -> None:
    contract = parse_contract("10_good", "count: int = 3")
    assert extract_parameters({name: ["x"], "count": 4}, contract, strict=True) == {"count": 4}


def test_only_the_first_run_of_a_kernel_takes_unknown_values_for_parameters() -> None:
    contract = parse_contract("10_good", "count: int = 3")
    assert extract_parameters({"cuont": 4}, contract, strict=True) == {"cuont": 4}
    assert extract_parameters({"cuont": 4}, contract, strict=False) == {}


def test_the_runner_gets_to_know_where_the_evidence_goes(project_dir: ProjectDir, reported: list[dict[str, Any]]) -> None:
    give(reported, environment="nowhere", mode="plan", confirm="", reason="", version="3.2.0", count=3)
    run = open_run("10_good", assigned_values())
    assert reported == [{"run": {"run_id": run.run_id, "folder": str(run.folder.path)}}]


@pytest.mark.parametrize(("saved", "words"), [
    ({"mode": "apply"}, "mode is 'apply' in the notebook; this run was given 'plan'"),
    ({"environment": "staging"}, "environment is 'staging'"), ({"count": True}, "count is True"), ({"version": 3.2}, "version is 3.2"),
])
def test_a_cell_that_overrides_what_the_runner_gave_is_refused(
    project_dir: ProjectDir, outputs: Path, reported: list[dict[str, Any]], saved: dict[str, Any], words: str
) -> None:
    give(reported, environment="nowhere", mode="plan", confirm="", reason="", version="3.2.0", count=3)
    with pytest.raises(Refused, match=words) as refused:
        open_run("10_good", {**assigned_values(), **saved})
    assert refused.value.exit_code == 3
    assert "Take the assignment out" in refused.value.next_step
    assert list_runs(outputs) == []


def test_a_parameter_that_a_cell_deleted_is_refused_too(project_dir: ProjectDir, reported: list[dict[str, Any]]) -> None:
    give(reported, environment="nowhere", mode="plan", confirm="", reason="", version="3.2.0", count=3)
    with pytest.raises(Refused, match="reason is not set"):
        open_run("10_good", {name: value for name, value in assigned_values().items() if name != "reason"})


def test_what_an_operators_own_startup_file_defines_is_no_parameter() -> None:
    contract = parse_contract("10_good", "count: int = 3\nref: str")
    mine = "mine, from a startup file"
    names = {"scratch": mine, "ref": mine, "count": 4}
    assert extract_parameters(names, contract, strict=True, before={"scratch": mine, "ref": mine}) == {"count": 4}
    assert extract_parameters({**names, "ref": "v1"}, contract, strict=True, before={"scratch": mine, "ref": mine})["ref"] == "v1"


def test_the_file_that_runs_is_in_the_evidence(project_dir: ProjectDir) -> None:
    started = journal.read(opened().folder)[0]
    assert started["file"] == "notebooks/10_good.ipynb"
    assert started["file_sha256"] == hashlib.sha256((project_dir.path / "notebooks/10_good.ipynb").read_bytes()).hexdigest()
    assert started["file_differs"] is False


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    monkeypatch.setattr(assignment, "_assigned", None)
    return []


def give(reported: list[dict[str, Any]], **values: Any) -> None:
    """As the runner does: values for the notebook of the fixture, and a list of what the run reports."""
    assignment.assign(assignment.Assignment(Path("/elsewhere/10_good.ipynb"), "0" * 64, PARAMETERS, values, True,
                                            lambda **message: reported.append(message)))


def assigned_values() -> dict[str, Any]:
    given = assignment.assigned()
    assert given is not None
    return dict(given.values)


def test_an_archive_that_cannot_be_sealed_in_refuses_the_run_before_it_begins(project_dir: ProjectDir, outputs: Path) -> None:
    (outputs / "chain.jsonl").mkdir(parents=True)
    with pytest.raises(Refused, match="Nothing was started") as refused:
        opened()
    assert refused.value.exit_code == 3
    assert list_runs(outputs) == []


def test_a_damaged_run_in_the_archive_is_told_and_recorded_and_stops_no_other(
    project_dir: ProjectDir, outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = new_run("20_deploy", outputs)
    (damaged.path / "journal.jsonl").mkdir()
    os.utime(damaged.path, (0, 0))
    run = opened()
    assert f"{damaged.path.name} was left open by an earlier process and is not sealed" in capsys.readouterr().out
    [event] = [event for event in journal.read(run.folder) if event["event"] == "set_aside"]
    assert event["folder"] == damaged.path.name


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("place", ["begin_run", "Journal", "provenance", "Run"])
def test_a_stop_while_the_run_is_being_opened_leaves_a_run_that_is_sealed(
    project_dir: ProjectDir, outputs: Path, monkeypatch: pytest.MonkeyPatch, place: str, number: int
) -> None:
    whole = getattr(opening, place)

    def stopped(*given: Any, **named: Any) -> Any:
        made = whole(*given, **named)
        os.kill(os.getpid(), number)
        time.sleep(0.01)
        return made

    monkeypatch.setattr(opening, place, stopped)
    before = {one: signal.signal(one, signal.default_int_handler) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(KeyboardInterrupt):
            opened()
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    current.close_previous("stopped")  # as the process does when it ends
    assert [(run.state, run.sealed) for run in list_runs(outputs)] == [("aborted", True)]


def test_a_process_that_opened_a_run_seals_it_when_it_is_asked_to_end(project_dir: ProjectDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current, "_opened", False)
    before = signal.getsignal(signal.SIGTERM)
    try:
        run = opened()
        assert signal.getsignal(signal.SIGTERM) is current._terminated
        run.abort(KeyboardInterrupt())
    finally:
        signal.signal(signal.SIGTERM, before)
