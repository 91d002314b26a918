"""Sealing and verification: what was changed afterwards shows, what died in between is shown."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.files import sha256_of
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import (
    list_runs,
    new_run,
    seal,
    seal_abandoned,
    seal_if_abandoned,
    summary_of,
    verify_archive,
)
from runbook_lib.core.errors import Refused
from runbook_lib.core.findings import Verdict
from tests.unit.archive.sample_archive import as_another_user, faults, forbidden, make_run, public_folder


def test_an_untouched_run_verifies(tmp_path):
    make_run(tmp_path)
    folder = make_run(tmp_path)
    assert faults(folder) == {}
    assert verify_archive(tmp_path)[0].verdict is Verdict.PASSED


def test_a_sealed_run_holds_notebook_reports_and_manifest(tmp_path):
    folder = make_run(tmp_path)
    names = {path.name for path in folder.path.iterdir()}
    assert {"journal.jsonl", "notebook.ipynb", "report.html", "summary.md", "junit.xml", MANIFEST} <= names


def test_sealing_twice_changes_nothing_and_returns_the_same_hash(tmp_path):
    folder = make_run(tmp_path)
    before = {path: sha256_of(path) for path in folder.path.rglob("*") if path.is_file()}
    assert seal(folder) == sha256_of(folder.path / MANIFEST)
    assert before == {path: sha256_of(path) for path in folder.path.rglob("*") if path.is_file()}


def test_sealing_closes_a_journal_that_is_still_open_in_this_process(tmp_path):
    folder = new_run("x", tmp_path)
    writing = Journal(folder)
    writing.write("run_started", notebook="x")
    seal(folder)
    assert writing.closed
    assert faults(folder) == {}


def test_each_manifest_names_the_one_before(tmp_path):
    first, second = make_run(tmp_path), make_run(tmp_path)
    named = json.loads((second.path / MANIFEST).read_text())["previous"]
    assert named == {"run_id": first.run_id, "manifest_sha256": sha256_of(first.path / MANIFEST)}


def test_an_open_run_is_left_alone_and_a_killed_one_is_sealed_as_aborted(tmp_path):
    script = ("import sys, time; from pathlib import Path\n"
              "from runbook_lib.archive.journal import Journal; from runbook_lib.archive.runs import new_run\n"
              "f = new_run('20_deploy', Path(sys.argv[1])); j = Journal(f)\n"
              "j.write('run_started', notebook='20_deploy', environment='lab')\n"
              "j.write('step_started', key='a', title='A'); print(f.run_id, flush=True); time.sleep(60)\n")
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        run_id = process.stdout.readline().strip()
        assert seal_abandoned(tmp_path) == []
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert seal_abandoned(tmp_path) == [run_id]
    assert seal_abandoned(tmp_path) == []
    [run] = list_runs(tmp_path)
    assert (run.verdict, run.state, run.exit_code, run.sealed) == ("failed", "aborted", 1, True)
    assert faults(run.path) == {}
    assert "Check the server" in (run.path / "report.html").read_text()


def test_a_run_killed_after_its_last_word_keeps_its_verdict(tmp_path):
    folder = make_run(tmp_path, sealed=False)
    assert seal_abandoned(tmp_path) == [folder.run_id]
    assert summary_of(folder.path).verdict == "passed"


def test_a_folder_whose_run_has_not_begun_is_left_alone_until_it_is_old(tmp_path):
    folder = new_run("x", tmp_path)
    assert seal_abandoned(tmp_path) == []
    os.utime(folder.path, (0, 0))
    assert seal_abandoned(tmp_path) == [folder.run_id]


@pytest.mark.parametrize("journal_bytes", [None, b""])
def test_a_folder_whose_process_is_known_to_be_gone_is_sealed_at_once(tmp_path, journal_bytes):
    folder = new_run("20_deploy", tmp_path)
    if journal_bytes is not None:
        (folder.path / "journal.jsonl").write_bytes(journal_bytes)
    assert not seal_if_abandoned(folder.path)
    assert seal_if_abandoned(folder.path, gone=True)
    assert (list_runs(tmp_path)[0].state, faults(folder)) == ("aborted", {})


def test_twenty_processes_sealing_at_once_make_one_unbroken_chain(tmp_path):
    folders = [make_run(tmp_path, sealed=False) for _ in range(20)]
    script = "import sys; from runbook_lib.archive.runs import seal\nfor f in sys.argv[1:]: seal(f)"
    running = [subprocess.Popen([sys.executable, "-c", script, *map(str, (f.path for f in folders[n::4]))])
               for n in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert verify_archive(tmp_path)[0].measured == "20 sealed runs"
    assert verify_archive(tmp_path)[0].verdict is Verdict.PASSED


def test_a_defect_in_a_report_does_not_stop_sealing(tmp_path, monkeypatch):
    monkeypatch.setattr("runbook_lib.report.write_all", lambda folder: 1 / 0)
    folder = make_run(tmp_path)
    assert (folder.path / "evidence" / "report-not-made.txt").exists()
    assert faults(folder) == {}


def test_a_run_open_elsewhere_cannot_be_sealed(tmp_path):
    folder = make_run(tmp_path, sealed=False)
    script = ("import sys; from runbook_lib.archive.journal import Journal; j = Journal(sys.argv[1]); "
              "print(1, flush=True); sys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", script, str(folder.path)], stdout=subprocess.PIPE,
                          stdin=subprocess.PIPE) as process:
        process.stdout.readline()
        with pytest.raises(Refused):
            seal(folder)
        process.stdin.close()
        process.wait()


def test_a_run_that_a_later_start_sealed_says_so_in_its_manifest(tmp_path):
    by = [json.loads((folder.path / MANIFEST).read_text())["sealed_by"]
          for folder in (make_run(tmp_path), make_run(tmp_path, sealed=False)) if seal_abandoned(tmp_path) or True]
    assert by == ["the run", "a later start"]


def test_what_was_never_opened_here_is_not_sealed(tmp_path):
    folder = make_run(tmp_path, sealed=False)
    planted = folder.path.with_name("20261127T101112Z-0a1b2c-planted")
    shutil.copytree(folder.path, planted)
    with pytest.raises(Refused, match="was not opened as a run"):
        seal(planted)
    assert seal_abandoned(tmp_path) == [folder.run_id]
    assert not (planted / MANIFEST).exists()


def damage_journal_folder(path):
    (path / "journal.jsonl").unlink()
    (path / "journal.jsonl").mkdir()


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "a folder for a journal": damage_journal_folder,
    "a pipe for a journal": lambda path: ((path / "journal.jsonl").unlink(), os.mkfifo(path / "journal.jsonl"),
                                             os.utime(path, (0, 0))),
    "a folder for a report": lambda path: (path / "report.html").mkdir(),
    "a folder for a manifest": lambda path: (path / MANIFEST).mkdir(),
    "events that are none of ours": lambda path: (path / "journal.jsonl").write_text(
        '{"seq": 1, "at": "then", "event": "run_started", "parameters": 7}\n{"seq": 2, "at": "now", "event": "cell", '
        '"outputs": 5}\n'),
    "its folder is gone": shutil.rmtree,
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_run_is_told_and_set_aside_and_others_are_sealed(tmp_path, name):
    damaged, sound = make_run(tmp_path, sealed=False), make_run(tmp_path, sealed=False)
    DAMAGE[name](damaged.path)
    left = []
    sealed = seal_abandoned(tmp_path, left)
    assert sound.run_id in sealed
    assert [one.folder for one in left] == ([damaged.path.name] if damaged.run_id not in sealed else [])
    assert all("is not sealed" in str(one) for one in left)
    assert len(list_runs(tmp_path)) == (1 if name == "its folder is gone" else 2)
    assert faults(sound) == {}


def test_foreign_folders_and_planted_marks_stop_nothing(tmp_path):
    sound = make_run(tmp_path, sealed=False)
    (tmp_path / "lost+found").mkdir()
    (tmp_path / ".open" / "no run").touch()
    (tmp_path / ".open" / "20261127T101112Z-0a1b2c-x").mkdir()
    left = []
    assert seal_abandoned(tmp_path, left) == [sound.run_id]
    assert len(left) == 2


def test_an_abandoned_run_of_another_user_is_told_and_waits_for_its_owner():
    code = ("left = []\nprint(runs.seal_abandoned(Path(sys.argv[1]), left), *left)\n"
            "runs.seal(runs.begin_run('x', Path(sys.argv[1]), Redactor()))\nprint('went on')")
    with public_folder() as outputs:
        outputs.mkdir()
        outputs.chmod(0o777)
        mine = make_run(outputs, sealed=False)
        with forbidden(mine.path, 0o555), forbidden(mine.path / "journal.jsonl", 0o444):
            seen = as_another_user(code, outputs)
        assert seen.startswith("[] ")
        assert "is not sealed: " in seen
        assert seen.endswith("went on\n")
        assert seal_abandoned(outputs) == [mine.run_id]


def test_a_sealing_interrupted_anywhere_is_finished_by_the_next_start(tmp_path, monkeypatch):
    for number, (module, call) in enumerate([("os", "replace"), ("os", "fsync"), ("os", "open"), ("os", "unlink")] * 3):
        folder = make_run(tmp_path, sealed=False)
        left, real = number * 2, getattr(os, call)

        def interrupted(*arguments, real=real, **named):
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
            return real(*arguments, **named)

        with monkeypatch.context() as patched:
            patched.setattr(os, call, interrupted)
            with contextlib.suppress(KeyboardInterrupt):
                seal(folder)
        seal_abandoned(tmp_path)
        assert faults(folder) == {}, f"{module}.{call} {number}"
    assert verify_archive(tmp_path)[0].measured == "12 sealed runs"


def test_sealing_reads_neither_the_other_runs_nor_the_whole_chain(tmp_path, monkeypatch):
    first = [make_run(tmp_path) for _ in range(3)]
    folder, opened, real = make_run(tmp_path, sealed=False), [], os.open
    monkeypatch.setattr(os, "open", lambda path, *rest, **named: (opened.append(str(path)), real(path, *rest, **named))[1])
    seal(folder)
    assert not [path for path in opened if any(str(one.path) in path for one in first[:2])]
