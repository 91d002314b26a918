"""Closing a run: its verdict, its exit code, and what is raised."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.runs import verify
from runbook_lib.core.errors import (
    ChecksFailed,
    Inconclusive,
    LinkDropped,
    RunFailed,
)
from runbook_lib.core.findings import Verdict, finding
from tests.notebooks.sample_notebooks import ProjectDir
from tests.unit.run_doubles import finished, opened


def test_failed_checks_fail_at_close_and_not_before(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    run.verify([finding("p95", False, measured="700 ms", expected="< 500 ms"), finding("up", True)])
    with pytest.raises(ChecksFailed, match="p95: 700 ms, expected < 500 ms"):
        run.close()
    assert finished(outputs)["exit_code"] == 1


def test_the_error_that_ends_a_run_is_recorded_with_its_next_step(project_dir: ProjectDir) -> None:
    run = opened()
    run.verify(finding("p95", False, next_step="Read the slow queries."))
    with pytest.raises(ChecksFailed):
        run.close()
    error = next(event for event in journal.read(run.folder) if event["event"] == "error")
    assert error["next_step"] == "Read the slow queries."


def test_missing_data_is_inconclusive_never_a_pass(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    run.verify([finding("p95", None)])
    with pytest.raises(Inconclusive):
        run.close()
    assert (finished(outputs)["verdict"], finished(outputs)["exit_code"]) == ("inconclusive", 4)


def test_a_run_that_checked_nothing_is_inconclusive(project_dir: ProjectDir, outputs: Path) -> None:
    with pytest.raises(Inconclusive):
        opened().close()


def test_closing_seals_the_evidence_and_writes_report_and_index(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    run.verify(finding("up", True))
    run.close()
    assert (run.folder.path / "report.html").exists()
    assert (run.folder.path / "manifest.json").exists()
    assert (outputs / "index.html").exists()


def test_connections_that_cannot_be_closed_do_not_stop_the_sealing(project_dir: ProjectDir, outputs: Path) -> None:
    class Stuck:
        def __exit__(self, *_: object) -> None:
            raise LinkDropped("gone")

    run = opened()
    run._connections = Stuck()
    run.verify(finding("up", True))
    run.close()
    assert finished(outputs)["verdict"] == "passed"


def test_an_aborted_run_is_sealed_once(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    run.abort(KeyboardInterrupt())
    run.abort(ValueError("later"))
    assert (finished(outputs)["state"], finished(outputs)["exit_code"]) == ("aborted", 1)


def test_a_run_that_cannot_be_sealed_keeps_its_verdict_and_is_sealed_by_the_next_start(
    project_dir: ProjectDir, outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = opened()
    (outputs / "chain.jsonl").mkdir()
    run.verify(finding("up", True))
    run.close()
    assert "not sealed" in capsys.readouterr().out
    assert next(event for event in journal.read(run.folder) if event["event"] == "run_finished")["verdict"] == "passed"
    (outputs / "chain.jsonl").rmdir()
    opened().abort(KeyboardInterrupt())
    assert {one.verdict for one in verify(run.folder)} == {Verdict.PASSED}


def test_a_disk_that_filled_up_during_the_run_leaves_space_to_seal_it(project_dir: ProjectDir, outputs: Path) -> None:
    outputs.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        subprocess.run(("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", outputs), check=True)
    try:
        run = opened()
        reserved = (run.folder.path / ".reserve").stat().st_blocks * 512
        assert reserved >= 8 * 1024 * 1024
        with contextlib.suppress(RunFailed):
            while os.geteuid() == 0:
                run.folder.evidence("filler.bin", b"\x00\xff" * 200_000)
        run.verify(finding("up", True))
        run.close()
        assert {one.verdict for one in verify(run.folder)} == {Verdict.PASSED}
    finally:
        if os.geteuid() == 0:
            subprocess.run(("umount", outputs), check=True)


def test_an_index_that_cannot_be_written_ends_no_run_in_an_error(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    (outputs / "index.html").mkdir()
    run.verify(finding("up", True))
    run.close()
    assert {one.verdict for one in verify(run.folder)} == {Verdict.PASSED}
