"""igzip is on the server while it is asked for, and gone afterwards, also when what was measured fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lab import compressors, images


@pytest.mark.parametrize("fails", [False, True])
def test_it_is_put_there_and_taken_away(monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    done: list[str] = []
    monkeypatch.setattr(images, "ensure_images", lambda *wanted: done.append(f"image {wanted[0].name}"))
    monkeypatch.setattr(images, "_extra_inputs", lambda name: "")
    monkeypatch.setattr(compressors, "pipe", lambda producer, consumer, log: done.append(f"copied by {consumer[0]}"))
    monkeypatch.setattr(compressors, "output", lambda words: done.append(" ".join(words)))
    monkeypatch.setattr(compressors, "docker", lambda: "docker")
    instance: Any = SimpleNamespace(name="x", inside=lambda *words, user="root": words)
    with pytest.raises(KeyError) if fails else compressors.igzip(instance):
        if fails:
            with compressors.igzip(instance):
                raise KeyError
    assert done[:3] == ["image igzip", "copied by tar", "igzip --version"]
    assert "rm -f /usr/bin/igzip" in done[-1]
