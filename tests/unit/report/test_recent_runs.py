"""The newest runs as a table for a notebook."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from runbook_lib.archive.runs import list_runs
from runbook_lib.archive.summary import summary_of
from runbook_lib.contract.catalogue import runbooks
from runbook_lib.environment import project
from runbook_lib.report import recent_runs as module
from runbook_lib.report.recent_runs import last_done, last_run, recent_runs, runbook_index
from tests.unit.report.sample_runs import BUILDERS


def test_runs_are_listed_with_their_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)
    assert recent_runs() == ({"runs": "none yet"},)
    for name in ("refused", "killed"):
        BUILDERS[name](tmp_path)
    rows = {row["verdict"]: row for row in recent_runs()}
    assert rows.keys() == {"refused", "open"}
    assert "j.ito has held the lock" in rows["refused"]["outcome"]
    assert rows["refused"]["operator"] == "m.keller"
    assert len(recent_runs(1)) == 1
    (asking,) = (one for one in list_runs(tmp_path) if not one.verdict)
    assert [row["verdict"] for row in recent_runs(without=asking.run_id)] == ["refused"]
    assert len(recent_runs(1, without=asking.run_id)) == 1


def test_the_lines_of_an_outcome_are_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """00 showed `expected its use up to now Storage of Prometheus: use is known: …`."""
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)
    BUILDERS["failed_and_rolled_back"](tmp_path)
    (row,) = recent_runs()
    assert "\n" not in row["outcome"]
    assert "database is down. Everything done so far was undone (2 steps)." in row["outcome"]


@pytest.mark.parametrize(("state", "shown"), [
    ("refused", "refused"), ("aborted", "aborted"), ("rolled back", "rolled back"), ("rollback failed", "rollback failed"), ("failed", "failed")])
def test_how_a_run_ended_is_what_its_report_calls_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, shown: str
) -> None:
    """00 called a deployment that was refused, or undone to the end, `Failed`: its report did not."""
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)
    BUILDERS["failed_and_rolled_back"](tmp_path)
    (run,) = list_runs(tmp_path)
    ended = dataclasses.replace(run, state=state)
    monkeypatch.setattr(module, "list_runs", lambda outputs, newest: [ended])
    monkeypatch.setattr(module, "summary_of", lambda path: ended)
    assert [row["verdict"] for row in recent_runs()] == [shown]
    assert shown in {row["verdict"] for row in runbook_index(run.environment)}


def test_every_notebook_is_listed_with_its_last_run_on_this_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)
    rows = {row["notebook"]: row for row in runbook_index("staging")}
    assert len(rows) == len(runbooks())
    assert rows["40 Health"] == {"notebook": "40 Health", "last run (UTC)": "never here", "verdict": "not run", "outcome": ""}
    BUILDERS["refused"](tmp_path)
    BUILDERS["killed"](tmp_path)
    (refused,) = (one for one in list_runs(tmp_path) if one.verdict)
    found = {name: row for name, row in ((row["notebook"], row) for row in runbook_index(refused.environment)) if row["verdict"] != "not run"}
    assert [(name[:2], row["verdict"]) for name, row in found.items()] == [(refused.notebook[:2], "refused")]
    assert {row["verdict"] for row in runbook_index("another")} == {"not run"}


def test_what_was_refused_or_killed_is_not_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)
    assert last_done("staging") == {}
    BUILDERS["refused"](tmp_path)
    BUILDERS["killed"](tmp_path)
    assert {last for run in list_runs(tmp_path) for last in last_done(run.environment)} == set()


@pytest.mark.parametrize(("code", "mode", "counts"), [(0, "apply", True), (1, "read-only", True), (0, "plan", False), (3, "apply", False), (5, "apply", False)])
def test_done_is_what_came_to_a_judgement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, mode: str, counts: bool) -> None:
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)
    BUILDERS["refused"](tmp_path)
    (run,) = list_runs(tmp_path)
    monkeypatch.setattr(module, "summary_of", lambda path: dataclasses.replace(run, exit_code=code, mode=mode))
    assert list(last_done(run.environment)) == ([run.notebook] if counts else [])
    assert list(last_done(run.environment, passed=True)) == ([run.notebook] if counts and code == 0 else [])


def test_a_run_whose_beginning_cannot_be_read_ends_no_run_of_00(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)
    BUILDERS["refused"](tmp_path)
    (run,) = list_runs(tmp_path)
    monkeypatch.setattr(module, "summary_of", lambda path: dataclasses.replace(run, exit_code=0, mode="apply", started_at="yesterday"))
    assert last_done(run.environment) == {}


def test_the_last_run_that_kept_a_file_is_found_with_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)
    assert last_run("20_deploy", "staging") is None
    BUILDERS["refused"](tmp_path)
    (run,) = list_runs(tmp_path)
    found = last_run(run.notebook, run.environment)
    assert found is not None
    assert (found.run_id, found.verdict, found.evidence) == (run.run_id, "failed", "")
    assert last_run(run.notebook, run.environment, "figures.json") is None
    (run.path / "evidence").mkdir(exist_ok=True)
    (run.path / "evidence/figures.json").write_text('{"use": 7}')
    kept = last_run(run.notebook, run.environment, "figures.json")
    assert kept is not None
    assert kept.evidence == '{"use": 7}'
    (run.path / "evidence/figures.json").write_bytes(b"\xff\xfe")
    assert last_run(run.notebook, run.environment, "figures.json") is None
    assert last_run(run.notebook, "another") is None
    assert last_run("another", run.environment) is None


def test_a_run_that_has_not_ended_is_not_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)
    BUILDERS["killed"](tmp_path)
    (run,) = list_runs(tmp_path)
    assert last_run(run.notebook, run.environment) is None


@pytest.mark.parametrize(("until", "counts"), [("", True), (" ", True), ("2026-01-01T00:00", False)])
def test_a_review_of_an_earlier_moment_is_not_the_newest_one(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: str, counts: bool) -> None:
    """61 with `until` half a year ago counted as today's review, and the next one compared itself with it."""
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)
    BUILDERS["refused"](tmp_path)
    (run,) = list_runs(tmp_path)
    (run.path / "evidence").mkdir(exist_ok=True)
    (run.path / "evidence/figures.json").write_text("{}")
    started = {"event": "run_started", "parameters": {"until": until}}
    monkeypatch.setattr("runbook_lib.archive.journal.read", lambda path: [started])
    monkeypatch.setattr(module, "summary_of", lambda path: run)
    assert (last_run(run.notebook, run.environment) is not None) is counts
    assert (last_run(run.notebook, run.environment, "figures.json") is not None) is counts


@pytest.mark.parametrize("others", [60, 200])
def test_runs_of_another_environment_in_the_same_archive_hide_none_of_this_one(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: int) -> None:
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)
    BUILDERS["refused"](tmp_path)
    (mine,) = list_runs(tmp_path)
    newer = [dataclasses.replace(mine, environment="shop", run_id=f"29991231T{number:06d}Z-0000ff") for number in range(others)]
    runs = {f"{one.run_id}-{one.notebook}": one for one in newer}
    for name in runs:
        (tmp_path / name).mkdir()
    known = summary_of
    monkeypatch.setattr(module, "summary_of", lambda path: runs.get(path.name) or known(path))
    named = {row["notebook"][:2]: row["verdict"] for row in runbook_index(mine.environment)}
    assert named[mine.notebook[:2]] == mine.state
    found = last_run(mine.notebook, mine.environment)
    assert found is not None and found.run_id == mine.run_id
    assert [row["environment"] for row in recent_runs(15, mine.environment)] == [mine.environment]
    assert {row["environment"] for row in recent_runs(15, "shop")} == {"shop"}
    assert recent_runs(15, "third") == ({"runs": "none yet"},)
