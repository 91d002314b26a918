"""The folder of backups that the tests of its programs share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.recovery.programs.backup_folder import DOUBLE, Folder, contents, counted
from tests.unit.recovery.programs.configuration_server import Server


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    inside = tmp_path / "postgres/inside"
    inside.parent.mkdir()
    inside.write_text(DOUBLE)
    inside.chmod(0o755)
    for name in ("psql", "pg_dump"):
        (inside.parent / name).symlink_to(inside)
    (inside.parent / "contents").write_text(contents())
    (inside.parent / "counted").write_text(counted())
    (inside.parent / "superuser").write_text("")
    (tmp_path / "backups").mkdir()
    return Folder(tmp_path / "backups", inside)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)
