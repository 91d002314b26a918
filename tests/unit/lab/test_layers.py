"""The fingerprint of the slow layers follows the files that determine them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import layers


def test_a_changed_lock_file_changes_the_fingerprint_and_code_does_not(tmp_path: Path,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "root", lambda: tmp_path)
    for name in layers._DEPENDENCIES:
        path = tmp_path / "lab/app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("one")
    before = layers.fingerprint()
    (tmp_path / "lab/app/backend/main.py").write_text("code")
    assert layers.fingerprint() == before
    (tmp_path / "lab/app/frontend/package-lock.json").write_text("two")
    assert layers.fingerprint() != before
