"""A run in one line, whatever its folder holds."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from runbook_lib.archive import summary
from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.summary import list_runs, run_started_at, summary_of
from runbook_lib.core.errors import Inconclusive
from tests.unit.archive.sample_archive import as_another_user, forbidden, make_run, public_folder


def test_a_sealed_run_is_read_from_its_manifest_and_an_open_one_from_its_journal(tmp_path: Path) -> None:
    sealed, unsealed = make_run(tmp_path), make_run(tmp_path, sealed=False)
    (sealed.path / "journal.jsonl").write_text("")
    runs = {run.run_id: run for run in list_runs(tmp_path)}
    assert (runs[sealed.run_id].sealed, runs[sealed.run_id].summary) == (True, "Done.")
    assert (runs[unsealed.run_id].sealed, runs[unsealed.run_id].summary) == (False, "Done.")


def test_the_newest_runs_are_read_without_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, read = [make_run(tmp_path) for _ in range(4)], []
    monkeypatch.setattr(summary, "summary_of", lambda path: read.append(path.name))
    list_runs(tmp_path, newest=2)
    assert len(read) == 2
    read.clear()
    list_runs(tmp_path, beginning=runs[0].run_id)
    assert read == [runs[0].path.name]


@pytest.mark.parametrize("change", [{"seconds": "long"}, {"operator": 7}, {"unknown": 1}, {"exit_code": []}, {"started_at": None}])
def test_a_manifest_with_fields_of_others_is_read_from_the_journal(tmp_path: Path, change: dict[str, object]) -> None:
    folder = make_run(tmp_path)
    manifest = json.loads((folder.path / MANIFEST).read_text())
    manifest["run"] |= change
    (folder.path / MANIFEST).write_text(json.dumps(manifest))
    run = summary_of(folder.path)
    assert (run.sealed, run.summary, run.operator) == (False, "Done.", "m")


def test_a_folder_without_anything_is_an_open_run(tmp_path: Path) -> None:
    (tmp_path / "20261127T101112Z-0a1b2c-20_deploy").mkdir()
    [run] = list_runs(tmp_path)
    assert (run.state, run.notebook, run.started_at) == ("open", "20_deploy", "2026-11-27T10:11:12Z")


def test_a_journal_that_is_a_pipe_is_an_unreadable_run(tmp_path: Path) -> None:
    folder = make_run(tmp_path, sealed=False)
    (folder.path / "journal.jsonl").unlink()
    os.mkfifo(folder.path / "journal.jsonl")
    [run] = list_runs(tmp_path)
    assert run.state == "unreadable"
    assert "a pipe, not a file" in run.summary


def test_a_journal_of_others_is_a_run_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "20261127T101112Z-0a1b2c-x"
    path.mkdir()
    path.joinpath("journal.jsonl").write_text(
        '{"seq": 1, "at": "x", "event": "run_started", "parameters": [1], "operator": {"a": 1}}\n'
        '{"seq": 2, "at": "x", "event": "run_finished", "seconds": "long", "exit_code": "one", "summary": 5}\n')
    run = summary_of(path)
    assert (run.seconds, run.exit_code, run.summary) == (None, None, "5")


def test_what_another_user_may_not_read_is_listed_as_unreadable() -> None:
    code = ("for one in runs.list_runs(Path(sys.argv[1])): print(one.run_id, one.state)\n"
            "print(index.rendered(runs.list_runs(Path(sys.argv[1]))).count('<tr data'))")
    with public_folder() as outputs:
        shut, good = make_run(outputs), make_run(outputs)
        with forbidden(shut.path, 0o000):
            seen = as_another_user(code, outputs)
        assert f"{shut.run_id} unreadable" in seen
        assert f"{good.run_id} finished" in seen
        assert seen.endswith("2\n")


def test_an_archive_that_cannot_be_read_is_inconclusive(tmp_path: Path) -> None:
    (tmp_path / "outputs").touch()
    with pytest.raises(Inconclusive, match="The archive cannot be read"):
        list_runs(tmp_path / "outputs")


@pytest.mark.parametrize(("run_id", "at"), [("20261127T101112Z-0a1b2c", "2026-11-27T10:11:12Z"), ("20261399T101112Z-0", ""), ("", "")])
def test_the_time_in_a_run_id(run_id: str, at: str) -> None:
    assert run_started_at(run_id) == at
