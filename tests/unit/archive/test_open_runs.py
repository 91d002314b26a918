"""Which runs are open is noted apart from them, so that finding them costs the same in any archive."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runbook_lib.archive.open_runs import (
    FOLDER,
    RESERVE,
    is_noted,
    note_opened,
    note_sealed,
    noted_runs,
    release_space,
    reserve_space,
)
from runbook_lib.core.errors import RunFailed


def test_a_run_is_noted_from_its_opening_until_it_is_sealed(tmp_path: Path) -> None:
    folder = tmp_path / "20261127T101112Z-0a1b2c-x"
    note_opened(folder)
    assert is_noted(folder)
    assert noted_runs(tmp_path) == [folder]
    note_sealed(folder)
    note_sealed(folder)
    assert not is_noted(folder)
    assert noted_runs(tmp_path) == []


def test_the_runs_are_noted_for_all_who_may_add_some(tmp_path: Path) -> None:
    tmp_path.chmod(0o775)
    note_opened(tmp_path / "x")
    assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o775


def test_an_archive_without_notes_has_no_open_runs(tmp_path: Path) -> None:
    assert noted_runs(tmp_path / "none") == []


def test_space_that_is_not_there_is_no_half_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(RunFailed, match="disk of this machine is full"):
        reserve_space(tmp_path)
    assert not (tmp_path / RESERVE).exists()
    release_space(tmp_path)
