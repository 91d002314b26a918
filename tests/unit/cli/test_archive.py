"""`runbook archive`: listing, showing, verifying, and the pages of the months."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive.chain import links_of
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run
from runbook_lib.report.index import MONTHS
from tests.notebooks.sample_notebooks import ProjectDir
from tests.unit.archive.sample_archive import make_run
from tests.unit.cli.test_commands import runbook


def test_verifying_nothing_is_exit_4_and_never_good(project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any) -> None:
    for prepare in (lambda: None, lambda: outputs.mkdir(exist_ok=True)):
        prepare()
        code, out, _ = runbook(capsys, monkeypatch, "archive", "verify")
        assert code == 4
        assert "good" not in out
        assert "Next: " in out


def test_a_sound_archive_is_exit_0(project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any) -> None:
    make_run(outputs)
    assert runbook(capsys, monkeypatch, "archive", "verify")[:2] == (
        0, "passed       archive: 1 sealed run (unchanged and in order).\nAll good.\n")


@pytest.mark.parametrize(("spoil", "code", "counted"), [
    (lambda path: (path / "report.html").write_text("changed"), 1, "1 failed"),
    (lambda path: os.mkfifo(path / "evidence" / "pipe"), 1, "1 failed"),
    (lambda path: (path / "x.partial").touch(), 1, "1 failed"),
    (lambda path: (path.parent / "chain.jsonl").unlink(), 4, "1 inconclusive"),
    (lambda path: (path.parent / "notes.txt").touch(), 0, "1 warning"),  # which the exit code agrees with
])
def test_what_is_found_is_named_and_gives_the_exit_code(
    project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any, spoil: Any, code: int, counted: str
) -> None:
    spoil(make_run(outputs).path)
    ended, out, _ = runbook(capsys, monkeypatch, "archive", "verify")
    assert ended == code
    assert "All good" not in out
    assert counted in out.splitlines()[-1]


def test_a_witness_is_looked_for(project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any) -> None:
    make_run(outputs)
    assert runbook(capsys, monkeypatch, "archive", "verify", "--witness", "0" * 64)[0] == 1
    (kept,) = [one["manifest_sha256"] for one in links_of(outputs)]
    assert runbook(capsys, monkeypatch, "archive", "verify", "--witness", f" {kept.upper()}\n")[0] == 0


@pytest.mark.parametrize("witness", ["00", "", " ", "0" * 63, "0" * 65, "g" * 64, "٠" * 64, f"sha256:{'0' * 64}"])
def test_a_witness_that_is_not_a_hash_is_exit_2_and_not_a_changed_archive(
    project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any, witness: str
) -> None:
    make_run(outputs)
    code, out, err = runbook(capsys, monkeypatch, "archive", "verify", "--witness", witness)
    assert (code, out) == (2, "")
    assert "a SHA-256 has 64 hexadecimal digits" in err
    assert "Next: " in err


def test_a_witness_for_one_run_is_refused_and_not_ignored(
    project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any
) -> None:
    make_run(outputs)
    code, out, err = runbook(capsys, monkeypatch, "archive", "verify", "last", "--witness", "0" * 64)
    assert (code, out) == (2, "")
    assert "whole archive" in err


@pytest.mark.parametrize("command", ["show", "verify"])
def test_the_last_run_of_an_empty_archive_is_exit_2_with_how_to_start_one(
    project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any, command: str
) -> None:
    outputs.mkdir(exist_ok=True)
    code, _, err = runbook(capsys, monkeypatch, "archive", command, "last")
    assert code == 2
    assert err.startswith("The archive has no runs yet.\n")
    assert "Next: Start a run: runbook run 00 -e ENVIRONMENT." in err


def test_the_list_is_bounded_and_names_what_cannot_be_read(
    project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any
) -> None:
    for _ in range(3):
        make_run(outputs)
    (outputs / "20991127T101112Z-0a1b2c-x" / "journal.jsonl").mkdir(parents=True)
    out = runbook(capsys, monkeypatch, "archive", "list", "--limit", "2")[1]
    assert len(out.splitlines()) == 2
    assert "unreadable" in out
    assert json.loads(runbook(capsys, monkeypatch, "archive", "list", "--json")[1])[0]["state"] == "unreadable"


def test_a_beginning_that_several_runs_have_is_exit_2(project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any) -> None:
    for _ in range(2):
        make_run(outputs)
    code, _, err = runbook(capsys, monkeypatch, "archive", "show", "2")
    assert (code, err.splitlines()[0]) == (2, "2 runs begin with '2'.")


@pytest.mark.parametrize("command", ["show", "verify"])
def test_a_run_without_a_name_is_exit_2_and_not_the_only_one(command: str, project_dir: ProjectDir, outputs: Path, capsys: Any,
                                                             monkeypatch: Any) -> None:
    make_run(outputs)
    code, _, err = runbook(capsys, monkeypatch, "archive", command, "")
    assert (code, err.splitlines()[0]) == (2, "No run is named.")


def test_the_pages_of_the_months_are_written_and_named(project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any) -> None:
    make_run(outputs)
    code, out, _ = runbook(capsys, monkeypatch, "archive", "index")
    assert code == 0
    assert [Path(line).exists() for line in out.splitlines()] == [True, True]
    assert runbook(capsys, monkeypatch, "archive", "verify")[0] == 0


def test_where_the_archive_cannot_be_written_no_run_is_blamed(project_dir: ProjectDir, outputs: Path, capsys: Any,
                                                              monkeypatch: Any) -> None:
    """As of a copy that is mounted read-only: refused (3), for no run has failed."""
    make_run(outputs)
    (outputs / MONTHS).write_text("in the way of the folder")
    code, out, err = runbook(capsys, monkeypatch, "archive", "index")
    assert (code, out) == (3, "")
    assert err.startswith("The pages of the archive could not be written: ") and "evidence" not in err


@pytest.mark.parametrize("words", [("show", "last"), ("index",)])
def test_a_folder_that_is_not_there_is_no_archive_and_none_is_made(words: tuple[str, ...], project_dir: ProjectDir, tmp_path: Path,
                                                                   capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("RUNBOOK_OUTPUTS", str(tmp_path / "none"))
    code, out, err = runbook(capsys, monkeypatch, "archive", *words)
    assert (code, out) == (2, "")
    assert err.startswith("There is no archive: the folder does not exist.\n") and "RUNBOOK_OUTPUTS" in err
    assert not (tmp_path / "none").exists()


def test_a_run_in_progress_is_shown_as_one_and_without_a_report_that_is_not_there(
    project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any
) -> None:
    folder = new_run("20_deploy", outputs)
    with Journal(folder) as opened:
        opened.write("run_started", run_id=folder.run_id, notebook="20_deploy", environment="lab", mode="apply", operator="ada")
        code, out, _ = runbook(capsys, monkeypatch, "archive", "show", "last")
    assert code == 0
    assert out.startswith("20_deploy on lab, apply: in progress\n")
    assert "report.html" not in out
    assert f"So far: {folder.path / 'journal.jsonl'}" in out


def test_how_a_run_ended_is_one_word_with_where_and_what_next(
    project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any
) -> None:
    folder = new_run("20_deploy", outputs)
    with Journal(folder) as opened:
        opened.write("run_started", run_id=folder.run_id, notebook="20_deploy", environment="lab", mode="apply", operator="ada")
        opened.write("run_finished", verdict="failed", state="refused", exit_code=3, summary="Ben holds the lock.", where="lab",
                     next_step="Ask Ben.")
    _, out, err = runbook(capsys, monkeypatch, "archive", "list")
    assert out.split()[1:3] == ["refused", "0"]
    assert str(outputs) in err
    _, out, _ = runbook(capsys, monkeypatch, "archive", "show", "last")
    assert "20_deploy on lab, apply: refused, 0.0 s\nBen holds the lock.\nWhere: lab\nNext: Ask Ben.\n" in out


def test_a_run_is_shown_with_its_last_plan(project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any) -> None:
    folder = new_run("20_deploy", outputs)
    with Journal(folder) as opened:
        opened.write("run_started", run_id=folder.run_id, notebook="20_deploy", environment="lab", mode="plan", operator="ada")
        for number in (1, 2):
            opened.write("plan", hash=f"{number}" * 16, plan={"name": "deploy v1", "target": "lab", "steps": [{"title": "Fetch"}]})
        opened.write("run_finished", verdict="not applied", state="finished", exit_code=0, summary="Plan mode.")
    _, out, _ = runbook(capsys, monkeypatch, "archive", "show", "last")
    assert "plan: deploy v1 on lab, 1 step, plan hash 2222222222222222\n   1  Fetch\n" in out and "1111" not in out


def test_a_run_that_was_applied_is_shown_with_how_its_steps_ended_and_no_invitation_to_apply_it_again(
    project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any
) -> None:
    folder = new_run("20_deploy", outputs)
    steps = [{"key": "fetch", "title": "Fetch"}, {"key": "switch", "title": "Switch"}, {"key": "watch", "title": "Watch"}]
    with Journal(folder) as opened:
        opened.write("run_started", run_id=folder.run_id, notebook="20_deploy", environment="lab", mode="apply", operator="ada",
                     parameters={"environment": "lab", "ref": "v1.2.0", "watch_s": 30, "plan_hash": "", "delete_secrets": []})
        opened.write("plan", hash="2" * 16, plan={"name": "deploy v1.2.0", "target": "lab", "steps": steps})
        opened.write("step_started", key="fetch", title="Fetch")
        opened.write("step_finished", key="fetch", title="Fetch", state="passed", seconds=1.25)
        opened.write("step_started", key="switch", title="Switch")
        opened.write("step_finished", key="switch", title="Switch", state="failed", seconds=50.0, message="web-1 is unhealthy")
        opened.write("step_finished", key="watch", title="Watch", state="not run")
        opened.write("undo_finished", key="switch", title="Switch", state="rolled back")
        opened.write("run_finished", verdict="failed", state="rolled back", exit_code=5, summary="Undone.")
    _, out, _ = runbook(capsys, monkeypatch, "archive", "show", "last")
    assert "parameters: ref=v1.2.0, watch_s=30\nplan: deploy v1.2.0 on lab, 3 steps" in out
    assert ("   1  Fetch: passed, 1.2 s\n   2  Switch: failed, 50.0 s; undo: rolled back\n      web-1 is unhealthy\n"
            "   3  Watch: not run\n") in out
    assert "exactly this plan" not in out


@pytest.mark.parametrize("plan", [{}, {"plan": 5, "hash": "1"}, {"plan": {"steps": [1, {}], "skipped": "x"}}])
def test_a_run_whose_plan_was_damaged_is_shown_all_the_same(
    project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any, plan: dict[str, Any]
) -> None:
    folder = new_run("20_deploy", outputs)
    with Journal(folder) as opened:
        opened.write("run_started", run_id=folder.run_id, notebook="20_deploy", environment="lab", mode="plan", operator="ada")
        opened.write("plan", **plan)
        opened.write("run_finished", verdict="not applied", state="finished", exit_code=0, summary="Plan mode.")
    code, out, _ = runbook(capsys, monkeypatch, "archive", "show", "last")
    assert code == 0 and "plan: not readable on not readable" in out and "exactly this plan" not in out


def test_the_list_has_a_heading_and_no_gaps_for_a_run_that_has_recorded_nothing(
    project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any
) -> None:
    make_run(outputs)
    new_run("20_deploy", outputs)
    code, out, err = runbook(capsys, monkeypatch, "archive", "list")
    assert code == 0
    heading = err.splitlines()[-1]
    assert heading.split() == ["run", "ended", "took", "notebook,", "environment,", "operator"]
    first = next(line for line in out.splitlines() if "20_deploy" in line)  # runs of one second are in any order
    assert first.index("20_deploy") == heading.index("notebook")
    assert first.endswith("20_deploy, nothing recorded yet")
