"""The chain: a line commits a sealing, and what died in between is made up for, never adopted."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive import chain
from runbook_lib.archive.chain import FILE, LOCK, MANIFEST, PENDING, chain_lines, chain_of, last_link, links_of
from runbook_lib.archive.files import sha256_of
from runbook_lib.archive.runs import seal, seal_abandoned
from runbook_lib.core.errors import RunFailed
from runbook_lib.core.findings import Verdict
from tests.unit.archive.sample_archive import archive_faults, faults, make_run, remade


def test_the_line_holds_run_folder_and_hash_of_the_manifest(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    assert links_of(tmp_path) == [{"run_id": folder.run_id, "folder": folder.path.name,
                                   "manifest_sha256": sha256_of(folder.path / MANIFEST)}]


def test_a_death_between_the_line_and_the_manifest_is_made_up_for_by_the_next_sealing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path)
    second = make_run(tmp_path, sealed=False)
    replace = os.replace

    def killed(source: Path, target: Path) -> None:
        if target == second.path / MANIFEST:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            seal(second)
    assert len(links_of(tmp_path)) == 2
    assert not (second.path / MANIFEST).exists()
    assert archive_faults(tmp_path) == {f"{second.run_id} manifest": Verdict.WARNING}
    third = make_run(tmp_path)
    assert archive_faults(tmp_path) == faults(second) == faults(third) == {}
    assert not (second.path / PENDING).exists()


def test_a_death_before_the_line_lets_the_next_start_seal_the_run_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path)
    second = make_run(tmp_path, sealed=False)
    with monkeypatch.context() as patched:
        patched.setattr(chain, "_append", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            seal(second)
    assert len(links_of(tmp_path)) == 1
    assert seal_abandoned(tmp_path) == [second.run_id]
    assert archive_faults(tmp_path) == {}


def test_a_last_run_that_was_remade_without_its_line_is_never_adopted(tmp_path: Path) -> None:
    make_run(tmp_path)
    forged = make_run(tmp_path)
    (forged.path / "evidence" / "a.txt").write_text("said that\n")
    remade(forged)
    lines = (tmp_path / FILE).read_text().splitlines(keepends=True)
    (tmp_path / FILE).write_text(lines[0])
    assert archive_faults(tmp_path) == {f"{forged.run_id} chain": Verdict.FAILED}
    for _ in range(2):
        make_run(tmp_path)
        seal_abandoned(tmp_path)
        assert archive_faults(tmp_path) == {f"{forged.run_id} chain": Verdict.FAILED}


def test_a_pending_manifest_that_somebody_wrote_is_not_put_in_place(tmp_path: Path) -> None:
    make_run(tmp_path)
    last = make_run(tmp_path)
    (last.path / MANIFEST).rename(last.path / PENDING)
    with (last.path / PENDING).open("a") as file:
        file.write("\n")
    make_run(tmp_path)
    assert not (last.path / MANIFEST).exists()
    assert archive_faults(tmp_path)[f"{last.run_id} manifest"] is Verdict.FAILED


def test_half_a_line_of_a_dead_process_is_a_warning_and_goes_with_the_next_sealing(tmp_path: Path) -> None:
    make_run(tmp_path)
    with (tmp_path / FILE).open("a") as file:
        file.write('{"run_id": "2026')
    assert archive_faults(tmp_path) == {"chain": Verdict.WARNING}
    make_run(tmp_path)
    assert archive_faults(tmp_path) == {}
    assert len(chain_lines(tmp_path)) == 2


def test_a_line_that_was_torn_takes_its_run_out_of_the_chain_for_ever(tmp_path: Path) -> None:
    make_run(tmp_path)
    second = make_run(tmp_path)
    raw = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(raw[:-10])
    assert archive_faults(tmp_path)[f"{second.run_id} chain"] is Verdict.FAILED
    make_run(tmp_path)
    assert archive_faults(tmp_path)[f"{second.run_id} chain"] is Verdict.FAILED


def test_a_line_that_the_disk_refuses_leaves_chain_and_run_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path)
    second, before = make_run(tmp_path, sealed=False), (tmp_path / FILE).read_bytes()
    real = os.write

    def fills_up(descriptor: int, data: Any) -> int:
        if b"manifest_sha256" in bytes(data) and os.readlink(f"/proc/self/fd/{descriptor}").endswith(FILE):
            real(descriptor, bytes(data)[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fills_up)
        with pytest.raises(RunFailed, match="disk of this machine is full"):
            seal(second)
    assert (tmp_path / FILE).read_bytes() == before
    assert not (second.path / MANIFEST).exists()
    seal(second)
    assert archive_faults(tmp_path) == {}


def test_the_last_link_is_read_from_the_end_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [{"run_id": str(n), "folder": str(n), "manifest_sha256": "0" * 64} for n in range(5000)]
    (tmp_path / FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
    monkeypatch.setattr(chain, "read_file", lambda path: pytest.fail("the whole chain was read"))
    read, real = [], chain._lines
    monkeypatch.setattr(chain, "_lines", lambda raw: (read.append(len(raw)), real(raw))[1])
    assert last_link(tmp_path) == lines[-1]
    assert read == [chain.TAIL_BYTES]


def test_the_last_link_before_much_garbage_is_found(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b"\xff" * 200_000 + b"\n")
    link = last_link(tmp_path)
    assert link is not None
    assert link["run_id"] == folder.run_id


@pytest.mark.parametrize("text", ["", "\n\n", "null\n", '{"run_id": 1, "folder": "x", "manifest_sha256": "y"}\n', "[" * 100_000 + "\n"])
def test_a_chain_without_a_link_has_no_last_one(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert last_link(tmp_path) is None
    assert links_of(tmp_path) == []


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")],
                         ids=["a pipe", "a folder", "a link"])
@pytest.mark.parametrize("name", [FILE, LOCK])
def test_what_is_no_file_in_place_of_the_chain_is_told_and_not_waited_for(tmp_path: Path, name: str, make: Any) -> None:
    make(tmp_path / name)
    if name == LOCK and make is os.mkfifo:
        return  # a pipe locks as well as a file
    with pytest.raises(RunFailed, match="could not be written"), chain_of(tmp_path):
        pass
