"""Verification of the archive: nothing that was checked is inconclusive, and nothing lies there unnoticed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runbook_lib.archive import archive_verification
from runbook_lib.archive.chain import FILE, MANIFEST, links_of
from runbook_lib.archive.chain_index import read_chain as read
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run, seal_abandoned, verify_archive
from runbook_lib.core.findings import Verdict
from tests.unit.archive.sample_archive import archive_faults, as_another_user, forbidden, make_run, public_folder


def test_runs_beside_a_warning_are_called_good_and_beside_a_fault_are_not(tmp_path: Path) -> None:
    run = make_run(tmp_path).path
    (tmp_path / "00_start_here.ipynb").write_text("{}")
    good, copy = verify_archive(tmp_path)
    assert (good.verdict, good.measured, copy.verdict) == (Verdict.PASSED, "1 sealed run", Verdict.WARNING)
    (run / MANIFEST).write_text("{}")
    assert Verdict.PASSED not in {one.verdict for one in verify_archive(tmp_path)}


def test_sound_runs_pass_and_are_counted(tmp_path: Path) -> None:
    make_run(tmp_path)
    make_run(tmp_path)
    [passed] = verify_archive(tmp_path)
    assert (passed.verdict, passed.measured) == (Verdict.PASSED, "2 sealed runs")


@pytest.mark.parametrize("prepare", [lambda outputs: None, Path.mkdir, Path.touch,
                                     lambda outputs: make_run(outputs, sealed=False),
                                     lambda outputs: (outputs.mkdir(), (outputs / "README.md").touch()),
                                     lambda outputs: (outputs.mkdir(), (outputs / FILE).touch())],
                         ids=["absent", "empty", "a file", "open runs only", "a page", "an empty chain"])
def test_an_archive_in_which_nothing_was_sealed_is_never_good(tmp_path: Path, prepare: Callable[[Path], object]) -> None:
    prepare(tmp_path / "outputs")
    found = {one.verdict for one in verify_archive(tmp_path / "outputs")}
    assert found <= {Verdict.INCONCLUSIVE, Verdict.WARNING}
    assert Verdict.PASSED not in found


def test_a_run_in_progress_is_no_fault_and_one_whose_process_is_gone_is_a_warning(tmp_path: Path) -> None:
    make_run(tmp_path)
    program = ("import sys; from runbook_lib.archive.journal import Journal; j = Journal(sys.argv[1]); "
               "print(1, flush=True); sys.stdin.read()")
    folder = make_run(tmp_path, sealed=False)
    with subprocess.Popen([sys.executable, "-c", program, str(folder.path)], stdout=subprocess.PIPE,
                          stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert archive_faults(tmp_path) == {}
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
    assert archive_faults(tmp_path) == {f"{folder.run_id} manifest": Verdict.WARNING}
    seal_abandoned(tmp_path)
    assert archive_faults(tmp_path) == {}


def test_a_run_without_manifest_and_line_is_noticed_and_never_sealed(tmp_path: Path) -> None:
    make_run(tmp_path)
    stripped = make_run(tmp_path)
    (stripped.path / MANIFEST).unlink()
    lines = (tmp_path / FILE).read_text().splitlines(keepends=True)
    (tmp_path / FILE).write_text(lines[0])
    for _ in range(2):
        assert archive_faults(tmp_path) == {f"{stripped.run_id} manifest": Verdict.INCONCLUSIVE}
        assert seal_abandoned(tmp_path) == []
        make_run(tmp_path)


def test_copies_of_sealed_and_of_open_runs_are_noticed_and_never_sealed(tmp_path: Path) -> None:
    sealed, unsealed = make_run(tmp_path), make_run(tmp_path, sealed=False)
    for folder in (sealed, unsealed):
        shutil.copytree(folder.path, folder.path.with_name(folder.path.name + "-copy"))
    assert seal_abandoned(tmp_path) == [unsealed.run_id]
    assert archive_faults(tmp_path) == {f"{sealed.run_id} chain": Verdict.FAILED,
                                        f"{unsealed.run_id} manifest": Verdict.INCONCLUSIVE}


@pytest.mark.parametrize("name", ["notes.txt", "x.partial", ".index.html.0a1b2c3d.partial", ".hidden"])
def test_a_file_that_no_run_made_is_named(tmp_path: Path, name: str) -> None:
    make_run(tmp_path)
    (tmp_path / name).touch()
    assert archive_faults(tmp_path) == {name: Verdict.WARNING}


def test_pipes_and_run_folders_that_are_none_fail(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "20261127T101112Z-0a1b2c-link").symlink_to(folder.path)
    os.mkfifo(tmp_path / "20261127T101112Z-0a1b2d-pipe")
    assert archive_faults(tmp_path) == {"pipe": Verdict.FAILED, "20261127T101112Z-0a1b2c folder": Verdict.FAILED,
                                        "20261127T101112Z-0a1b2d folder": Verdict.FAILED}


def test_an_open_run_whose_folder_was_removed_is_noticed(tmp_path: Path) -> None:
    make_run(tmp_path)
    gone = make_run(tmp_path, sealed=False)
    shutil.rmtree(gone.path)
    assert archive_faults(tmp_path) == {f"{gone.run_id} folder": Verdict.FAILED}


def test_garbage_and_doubled_lines_of_the_chain_are_named(tmp_path: Path) -> None:
    make_run(tmp_path)
    text = (tmp_path / FILE).read_text()
    (tmp_path / FILE).write_text("garbage\n" + text + text)
    measured = [one.measured for one in verify_archive(tmp_path)]
    assert measured == [f"line 3: {links_of(tmp_path)[0]['run_id']} is listed twice", "line 1: is not a line of a chain"] or \
        sorted(measured) == sorted([f"line 3: {links_of(tmp_path)[0]['run_id']} is listed twice",
                                    "line 1: is not a line of a chain"])
    make_run(tmp_path)
    assert len(verify_archive(tmp_path)) == 2


def test_an_archive_without_its_chain_proves_no_order(tmp_path: Path) -> None:
    make_run(tmp_path)
    (tmp_path / FILE).unlink()
    assert set(archive_faults(tmp_path).values()) == {Verdict.INCONCLUSIVE}


def test_a_witness_shows_that_the_last_runs_were_taken_away(tmp_path: Path) -> None:
    make_run(tmp_path)
    last = make_run(tmp_path)
    witness = links_of(tmp_path)[-1]["manifest_sha256"]
    assert archive_faults(tmp_path, witness=witness) == {}
    shutil.rmtree(last.path)
    lines = (tmp_path / FILE).read_text().splitlines(keepends=True)
    (tmp_path / FILE).write_text(lines[0])
    assert archive_faults(tmp_path) == {}  # nothing in the archive itself can show it
    assert archive_faults(tmp_path, witness=witness) == {"witness": Verdict.FAILED}


def test_a_run_that_is_sealed_meanwhile_is_neither_missing_nor_unlisted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path)
    entries = archive_verification._entries
    made = []

    def chain_then_a_run(outputs: Path) -> object:
        chain = read(outputs)
        if len(made) < 2:
            made.append(make_run(outputs))
        return chain

    def entries_then_a_run(outputs: Path) -> object:
        found = entries(outputs)
        made.append(make_run(outputs))
        return found

    monkeypatch.setattr(archive_verification, "read_chain", chain_then_a_run)
    monkeypatch.setattr(archive_verification, "_entries", entries_then_a_run)
    [passed] = verify_archive(tmp_path)
    assert (passed.verdict, passed.measured, len(made)) == (Verdict.PASSED, "2 sealed runs", 2)


def test_each_file_is_opened_once_however_many_runs_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        make_run(tmp_path)
    opened: list[str] = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, *rest, **named: (opened.append(str(path)), real(path, *rest, **named))[1])
    assert verify_archive(tmp_path)[0].verdict is Verdict.PASSED
    regular = [path for path in opened if str(tmp_path) in path]
    assert sorted(regular) == sorted(set(regular))
    assert regular.count(str(tmp_path / FILE)) == 1


def test_folders_that_another_user_may_not_read_are_inconclusive_and_hide_no_others() -> None:
    code = "for one in runs.verify_archive(Path(sys.argv[1])): print(one.verdict, one.check, one.measured)"
    with public_folder() as outputs:
        good, shut, bad = make_run(outputs), make_run(outputs), make_run(outputs)
        (bad.path / "report.html").write_text("changed")
        with forbidden(shut.path, 0o000):
            seen = as_another_user(code, outputs)
        assert f"inconclusive {shut.run_id} folder" in seen
        assert f"failed {bad.run_id} file report.html" in seen
        assert good.run_id not in seen
        with forbidden(outputs, 0o000):
            assert "inconclusive archive unreadable" in as_another_user(code, outputs)


def test_an_empty_folder_with_the_name_of_a_run_is_noticed(tmp_path: Path) -> None:
    make_run(tmp_path)
    (tmp_path / "20261127T101112Z-0a1b2c-x").mkdir()
    assert archive_faults(tmp_path) == {"20261127T101112Z-0a1b2c manifest": Verdict.INCONCLUSIVE}


def test_an_opened_run_that_has_written_nothing_yet_is_not_called_foreign(tmp_path: Path) -> None:
    make_run(tmp_path)
    folder = new_run("x", tmp_path)
    with Journal(folder):
        pass
    assert archive_faults(tmp_path) == {f"{folder.run_id} manifest": Verdict.WARNING}
