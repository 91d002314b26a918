"""What lies in a folder, by name and kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runbook_lib.archive.inventory import inventory


def test_every_entry_is_named_with_its_kind_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "b" / "file").touch()
    (tmp_path / "link").symlink_to("/etc")
    (tmp_path / "broken").symlink_to("nowhere")
    os.mkfifo(tmp_path / ".pipe")
    assert inventory(tmp_path) == {".pipe": "a pipe", "b/c": "an empty folder", "b/file": "a file", "broken": "a link",
                                   "link": "a link"}


def test_a_folder_that_cannot_be_opened_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shut").mkdir()
    real = os.scandir

    def refuses(path: str) -> object:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuses)
    assert inventory(tmp_path) == {"shut": "unreadable"}


def test_names_that_are_no_utf_8_come_back_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a\udcff").touch()
    assert list(inventory(tmp_path)) == ["a\udcff"]
