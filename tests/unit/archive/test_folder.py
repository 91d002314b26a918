"""The folder of one run, and the folders of an archive."""

from __future__ import annotations

import os

import pytest

from runbook_lib.archive.folder import RUN_ID, existing_run, new_run, run_folders, run_id_of
from runbook_lib.archive.open_runs import is_noted
from runbook_lib.core.errors import RunFailed


def test_a_run_folder_is_named_by_time_random_part_and_notebook(tmp_path):
    folder = new_run("30_backup_database", tmp_path)
    assert RUN_ID.fullmatch(folder.run_id)
    assert folder.path == tmp_path / f"{folder.run_id}-30_backup_database"


def test_evidence_never_overwrites_and_never_leaves_the_folder(tmp_path):
    folder = new_run("x", tmp_path)
    names = [folder.evidence(name, name) for name in ("../../etc/passwd", "../../etc/passwd", "..")]
    assert len(set(names)) == 3
    assert all((folder.path / name).resolve().is_relative_to(folder.path) for name in names)


def test_a_new_run_is_noted_as_open(tmp_path):
    assert is_noted(new_run("x", tmp_path).path)


@pytest.mark.parametrize("name", ["20261127T101112Z-0a1b2c", "20261127T101112Z-0a1b2c-20_deploy"])
def test_a_name_of_a_run_begins_with_its_id(name):
    assert run_id_of(name) == "20261127T101112Z-0a1b2c"


@pytest.mark.parametrize("name", ["20261127T101112Z-0a1b2cx", "x20261127T101112Z-0a1b2c", "index.html", "20261127", ""])
def test_other_names_are_no_runs(name):
    assert run_id_of(name) is None


def test_links_and_files_are_no_run_folders(tmp_path):
    folder = new_run("x", tmp_path / "archive")
    link = folder.path.with_name("20261127T101112Z-0a1b2c-link")
    link.symlink_to(folder.path)
    folder.path.with_name("20261127T101112Z-0a1b2d-file").touch()
    assert [one.path for one in run_folders(tmp_path / "archive")] == [folder.path]
    assert existing_run(link) is None


def test_the_newest_folders_and_those_that_begin_so_are_found_without_the_others(tmp_path):
    names = [f"2026110{day}T000000Z-00000{day}-x" for day in range(1, 6)]
    for name in names:
        os.mkdir(tmp_path / name)
    assert [one.path.name for one in run_folders(tmp_path, newest=2)] == names[-2:]
    assert [one.path.name for one in run_folders(tmp_path, beginning="20261102")] == [names[1]]
    assert run_folders(tmp_path, newest=0) == []


def test_no_archive_has_no_runs(tmp_path):
    assert run_folders(tmp_path / "none") == []


def test_a_place_where_nothing_can_be_made_is_told_in_words(tmp_path):
    (tmp_path / "a file").touch()
    with pytest.raises(RunFailed, match="could not be written"):
        new_run("x", tmp_path / "a file")
