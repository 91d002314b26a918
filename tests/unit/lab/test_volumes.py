"""Volumes are copied by their own script: layers are shared, what changes is a true copy, notes stay behind."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab import volumes
from lab.errors import LabError


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A volume with two layers, of which one belongs to a container, and a copy to be."""
    data = tmp_path / "from/_data"
    mounts = data / "image/overlay2/layerdb/mounts/c1"
    for folder in (data / "overlay2/shared", data / "overlay2/own", mounts, data / "volumes/db", tmp_path / "to/_data"):
        folder.mkdir(parents=True)
    for file in ("overlay2/shared/f", "overlay2/own/f", "volumes/db/rows", volumes.COMPLETE, volumes.NOTES):
        (data / file).write_text(file)
    (mounts / "mount-id").write_text("own")
    (mounts / "init-id").write_text("gone")
    return tmp_path


def copied(folder: Path, kind: str = "stored") -> subprocess.CompletedProcess[str]:
    return subprocess.run(("sh", "-c", volumes.COPY, "sh", "from", "to", kind), cwd=folder, text=True, capture_output=True)


def test_layers_are_shared_and_what_changes_is_not(stored: Path) -> None:
    assert copied(stored).returncode == 0
    source, target = stored / "from/_data", stored / "to/_data"

    def same(name: str) -> bool:
        return (source / name).stat().st_ino == (target / name).stat().st_ino

    assert same("overlay2/shared/f")
    assert not same("overlay2/own/f")
    assert not same("volumes/db/rows")
    assert (target / "volumes/db/rows").read_text() == "volumes/db/rows"


def test_marks_and_notes_do_not_travel(stored: Path) -> None:
    copied(stored)
    assert not (stored / "to/_data" / volumes.COMPLETE).exists()
    assert not (stored / "to/_data" / volumes.NOTES).exists()


def test_a_half_filled_volume_is_not_copied_unless_it_is_a_stopped_servers(stored: Path) -> None:
    (stored / "from/_data" / volumes.COMPLETE).unlink()
    assert copied(stored).returncode != 0
    assert copied(stored, "live").returncode == 0


def test_a_volume_is_complete_when_its_mark_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def run(words: Any, log: Any, **options: Any) -> None:
        asked.append(words)
        if len(asked) > 1:
            raise LabError("no")

    monkeypatch.setattr(volumes, "run", run)
    monkeypatch.setattr(volumes, "docker", lambda: "docker")
    monkeypatch.setattr("lab.container.server_image", lambda: "image")
    assert volumes.is_complete("one")
    assert not volumes.is_complete("one")
    assert "one:/volume:ro" in asked[0]
    assert "--network=none" in asked[0]
