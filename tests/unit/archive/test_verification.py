"""Verification of one run: what was changed, added or removed after sealing shows, with the file's name."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run, seal, verify, verify_archive
from runbook_lib.core.findings import Verdict
from tests.unit.archive.sample_archive import as_another_user, faults, forbidden, make_run, public_folder, remade


@pytest.mark.parametrize("name", ["evidence/a.txt", "notebook.ipynb", "report.html", "journal.jsonl"])
def test_one_changed_byte_in_any_file_is_found_and_named(tmp_path, name):
    folder = make_run(tmp_path)
    raw = bytearray((folder.path / name).read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    (folder.path / name).write_bytes(bytes(raw))
    assert faults(folder)[f"file {name}"] is Verdict.FAILED


def test_missing_and_added_files_are_found(tmp_path):
    folder = make_run(tmp_path)
    (folder.path / "evidence" / "a.txt").unlink()
    (folder.path / "evidence" / "b.txt").write_text("planted")
    (folder.path / "evidence" / "c.txt").symlink_to("/etc/hostname")
    found = [one.measured for one in verify(folder) if one.verdict is Verdict.FAILED]
    assert found == ["missing", "a file that was added after sealing", "a link that was added after sealing"]


def test_an_edited_journal_under_a_remade_manifest_breaks_its_own_links(tmp_path):
    folder = make_run(tmp_path)
    path = folder.path / journal.FILE
    path.write_bytes(path.read_bytes().replace(b'"title": "A"', b'"title": "B"'))
    remade(folder)
    assert faults(folder) == {"journal": Verdict.FAILED, "chain": Verdict.FAILED}


def test_reordered_journal_lines_are_found(tmp_path):
    folder = make_run(tmp_path)
    path = folder.path / journal.FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[2], lines[1], *lines[3:]]))
    remade(folder)
    assert faults(folder)["journal"] is Verdict.FAILED


def test_a_line_taken_out_of_the_journal_is_found(tmp_path):
    folder = make_run(tmp_path)
    path = folder.path / journal.FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[3:]))
    assert faults(folder)["journal"] is Verdict.FAILED


def test_a_manifest_with_a_nicer_verdict_is_found(tmp_path):
    folder = make_run(tmp_path)
    path = folder.path / MANIFEST
    manifest = json.loads(path.read_text())
    manifest["run"]["verdict"] = "warning"
    path.write_text(json.dumps(manifest))
    assert faults(folder) == {"verdict": Verdict.FAILED, "chain": Verdict.FAILED}


def test_a_removed_run_breaks_the_chain_of_the_next_and_shows_in_the_archive(tmp_path):
    first, second = make_run(tmp_path), make_run(tmp_path)
    shutil.rmtree(first.path)
    assert faults(second)["chain"] is Verdict.FAILED
    assert any(one.measured == "missing" for one in verify_archive(tmp_path))


def test_the_last_run_removed_shows_in_the_archive(tmp_path):
    make_run(tmp_path)
    shutil.rmtree(make_run(tmp_path).path)
    assert [one.verdict for one in verify_archive(tmp_path)] == [Verdict.FAILED]


def test_a_folder_taken_out_of_its_archive_cannot_prove_its_place(tmp_path):
    folder = make_run(tmp_path / "archive")
    alone = tmp_path / "elsewhere" / folder.path.name
    shutil.copytree(folder.path, alone)
    assert faults(alone) == {"chain": Verdict.INCONCLUSIVE}


def test_an_unsealed_run_is_inconclusive(tmp_path):
    assert faults(make_run(tmp_path, sealed=False)) == {"manifest": Verdict.INCONCLUSIVE}


def _device(path: Path) -> None:
    if os.geteuid() == 0:
        os.mknod(path, 0o20666, os.makedev(1, 3))
    else:  # only root makes devices
        os.mkfifo(path)


def _socket(path: Path) -> None:
    at = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(path.parent)  # the address of a socket is short
    try:
        at.bind(path.name)
    finally:
        os.chdir(here)
        at.close()


PLANTED: dict[str, Callable[[Path], Any]] = {
    "evidence/a pipe": os.mkfifo,
    ".evil.txt.0a1b2c3d.partial": Path.touch,
    "evidence/notes.partial": Path.touch,
    ".hidden": Path.touch,
    "a device": _device,
    "a socket": _socket,
    "manifest.json.pending": Path.touch,
    "an empty folder": Path.mkdir,
    "a link": lambda path: path.symlink_to("/dev/zero"),
    "folder/deep/file": lambda path: (path.parent.mkdir(parents=True), path.touch()),
    "not utf-8 \udcff": Path.touch,
}


@pytest.mark.parametrize("name", PLANTED)
def test_whatever_lies_there_after_sealing_is_found(tmp_path: Path, name: str) -> None:
    folder = make_run(tmp_path)
    PLANTED[name](folder.path / name)
    [fault] = [one for one in verify(folder) if one.verdict is not Verdict.PASSED]
    assert (fault.verdict, fault.expected) == (Verdict.FAILED, "absent")
    assert fault.check.startswith("file ")
    assert "added after sealing" in fault.measured
    assert [one.verdict for one in verify_archive(tmp_path)] == [Verdict.FAILED]


@pytest.mark.parametrize("name", PLANTED)
def test_what_lay_there_when_the_run_was_sealed_is_in_its_manifest(tmp_path: Path, name: str) -> None:
    folder = make_run(tmp_path, sealed=False)
    if name != "manifest.json.pending":
        PLANTED[name](folder.path / name)
    seal(folder)
    assert faults(folder) == {}
    assert name == "manifest.json.pending" or json.loads((folder.path / MANIFEST).read_text())


@pytest.mark.parametrize("name", [MANIFEST, journal.FILE, "evidence/a.txt"])
@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")],
                         ids=["a pipe", "a folder", "an endless link"])
def test_a_file_that_became_something_else_is_found_and_never_waited_for(
    tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    folder = make_run(tmp_path)
    (folder.path / name).unlink()
    make(folder.path / name)
    assert Verdict.FAILED in faults(folder).values()
    assert any(one.verdict is Verdict.FAILED for one in verify_archive(tmp_path))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"files": 1, "run": {}}', '{"files": {"a": 1}, "run": {}}', "[" * 100_000,
                                  '{"files": {}, "run": []}'])
def test_a_manifest_of_any_other_form_is_a_finding(tmp_path: Path, text: str) -> None:
    folder = make_run(tmp_path)
    (folder.path / MANIFEST).write_text(text)
    assert Verdict.FAILED in faults(folder).values()


@pytest.mark.parametrize("line", [b"garbage", b"[" * 100_000, b'{"event": [], "seq": 1, "at": "x"}', b"\xff\xfe", b"null",
                                  b'{"event": "x", "seq": "one", "at": 7}'])
def test_a_garbage_line_in_a_journal_is_a_finding(tmp_path: Path, line: bytes) -> None:
    folder = make_run(tmp_path)
    with (folder.path / journal.FILE).open("ab") as file:
        file.write(line + b"\n")
    assert faults(folder)["file journal.jsonl"] is Verdict.FAILED


def test_a_copied_folder_is_called_a_copy(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    copy = folder.path.with_name(folder.path.name + "-copy")
    shutil.copytree(folder.path, copy)
    assert [one.measured for one in verify(copy) if one.check == "chain"] == [f"a copy of {folder.path.name}"]
    assert faults(folder) == {}


def test_a_folder_under_the_name_of_another_run_is_found(tmp_path: Path) -> None:
    first, second = make_run(tmp_path), make_run(tmp_path)
    shutil.rmtree(second.path)
    shutil.copytree(first.path, second.path)
    assert faults(second)["chain"] is Verdict.FAILED


def test_what_another_user_may_not_read_is_inconclusive_for_him_and_no_pass() -> None:
    code = "for one in runs.verify(sys.argv[1]): print(one.verdict, one.check, one.next_step)"
    with public_folder() as outputs:
        folder = make_run(outputs)
        with forbidden(folder.path / "evidence" / "a.txt", 0o000):
            seen = as_another_user(code, folder.path)
    assert "inconclusive file evidence/a.txt Run this as a user who may read all of it." in seen
    assert "passed journal" in seen


def test_a_journal_that_goes_on_after_a_torn_line_is_a_warning(tmp_path: Path) -> None:
    folder = new_run("x", tmp_path)
    with Journal(folder) as writing:
        writing.write("run_started")
    with (folder.path / journal.FILE).open("ab") as file:
        file.write(b'{"seq": 2, "ev')
    seal(folder)
    assert faults(folder) == {"journal": Verdict.WARNING}
