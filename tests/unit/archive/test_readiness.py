"""Whether sealing will work is known before a run begins: refused with exit code 3, and nothing is left."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runbook_lib.archive import open_runs
from runbook_lib.archive.chain import FILE, LOCK
from runbook_lib.archive.open_runs import FOLDER, RESERVE
from runbook_lib.archive.readiness import begin_run, require_sealable
from runbook_lib.archive.runs import run_folders, seal
from runbook_lib.core.errors import REFUSED, Refused
from runbook_lib.core.redaction import Redactor
from tests.unit.archive.sample_archive import (
    ANOTHER_USER,
    archive_faults,
    as_another_user,
    forbidden,
    make_run,
    public_folder,
)

BEGIN = ("from runbook_lib.core.errors import Refused\n"
         "try:\n    print('began', runs.begin_run('x', Path(sys.argv[1]), Redactor()).path.name)\n"
         "except Refused as error: print(error.exit_code, error)")
MONTHS = ("from runbook_lib.core.errors import Inconclusive\n"
          "try:\n    index.write_months(Path(sys.argv[1]))\nexcept Inconclusive as error: print(error.exit_code, error)")


def test_a_run_begins_in_an_archive_that_is_not_there_yet(tmp_path: Path) -> None:
    folder = begin_run("20_deploy", tmp_path / "a" / "b", Redactor())
    assert folder.path.is_dir()
    assert (folder.path / RESERVE).stat().st_size == open_runs.RESERVE_BYTES


def test_the_reserve_is_gone_from_a_sealed_run(tmp_path: Path) -> None:
    folder = begin_run("20_deploy", tmp_path, Redactor())
    seal(folder)
    assert not (folder.path / RESERVE).exists()
    assert archive_faults(tmp_path) == {}


@pytest.mark.parametrize("name", [FILE, LOCK, FOLDER])
def test_what_stands_in_place_of_an_own_file_is_refused(tmp_path: Path, name: str) -> None:
    if name == FOLDER:
        (tmp_path / name).touch()
    else:
        (tmp_path / name).mkdir()
    with pytest.raises(Refused, match="Nothing was started") as refused:
        require_sealable(tmp_path)
    assert refused.value.exit_code == REFUSED
    assert "set RUNBOOK_OUTPUTS" in refused.value.next_step
    assert name in refused.value.where


def test_a_chain_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(Refused):
        require_sealable(tmp_path)


def test_outputs_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outputs").touch()
    with pytest.raises(Refused):
        begin_run("x", tmp_path / "outputs", Redactor())


@pytest.mark.parametrize(("code", "why"), [
    (errno.ENOSPC, "disk of this machine is full"), (errno.EDQUOT, "disk of this machine is full"),
    (errno.EROFS, "read-only"), (errno.EIO, "Input/output error"),
])
def test_a_disk_without_space_for_the_evidence_is_refused_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, why: str
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", refuses)
    with pytest.raises(Refused, match=why):
        begin_run("x", tmp_path, Redactor())
    assert run_folders(tmp_path) == []
    assert os.listdir(tmp_path / FOLDER) == []


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", unknown)
    with pytest.raises(Refused, match="No locks available"):
        require_sealable(tmp_path)


@pytest.mark.parametrize("shut", [lambda outputs: (outputs, 0o555), lambda outputs: (outputs / FILE, 0o444),
                                  lambda outputs: (outputs / FOLDER, 0o555)], ids=["folder", "chain", "open runs"])
def test_an_archive_of_another_user_is_refused_by_name_before_anything_begins(
    shut: Callable[[Path], tuple[Path, int]]
) -> None:
    with public_folder() as outputs:
        make_run(outputs)
        outputs.chmod(0o777)
        (outputs / FOLDER).chmod(0o777)
        path, mode = shut(outputs)
        with forbidden(path, mode):
            seen = as_another_user(BEGIN, outputs)
        assert seen.startswith("3 Nothing was started"), seen
        assert "belongs to" in seen
        assert "RUNBOOK_OUTPUTS" in seen
        assert len(run_folders(outputs)) == 1


def test_an_archive_in_a_folder_that_is_closed_is_refused_and_no_internal_error() -> None:
    with public_folder() as outputs:
        closed = outputs.parent / "closed"
        closed.mkdir()
        with forbidden(closed, 0o000):
            seen = as_another_user(BEGIN, closed / "outputs")
            listed = as_another_user(MONTHS, closed / "outputs")
    assert seen.startswith("3 Nothing was started"), seen
    assert "closed " in seen
    assert listed.startswith("4 The archive cannot be read: Permission denied."), listed


def test_a_folder_of_ones_own_that_is_read_only_needs_no_one_elses_access() -> None:
    with public_folder() as outputs:
        outputs.mkdir()
        if os.geteuid() == 0:
            os.chown(outputs, ANOTHER_USER, ANOTHER_USER)
        with forbidden(outputs, 0o555):
            seen = as_another_user(BEGIN, outputs)
    assert "outputs is your own, and its mode 0555 forbids it" in seen, seen
    assert f"Next: Run `chmod u+rwX {outputs}`, or set RUNBOOK_OUTPUTS" in seen


def test_two_users_share_an_archive_that_both_may_write() -> None:
    program = ("folder = runs.begin_run('x', Path(sys.argv[1]), Redactor())\nruns.seal(folder)\n"
               "index.write_index(Path(sys.argv[1]))\nprint('sealed')")
    with public_folder() as outputs:
        outputs.mkdir()
        outputs.chmod(0o777)
        make_run(outputs)
        assert as_another_user(program, outputs).endswith("sealed\n")
        make_run(outputs)
        assert archive_faults(outputs) == {}
        assert len(run_folders(outputs)) == 3
