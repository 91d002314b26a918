"""A bare server is made anew from its own image, without an engine, and marked as finished last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab import bare, container, images
from lab.address import Address, Ports
from lab.instance import Instance


def test_a_bare_server_is_made_anew_with_sshd_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done: list[Any] = []
    monkeypatch.setattr(bare, "log_file", lambda name: tmp_path / name)
    monkeypatch.setattr(bare, "down", lambda instance: done.append("down"))
    monkeypatch.setattr(Address, "folder", tmp_path)
    monkeypatch.setattr(Address, "create", lambda address: done.append("create"))
    monkeypatch.setattr(Instance, "ports", lambda instance: Ports(1, 2, 3))
    monkeypatch.setattr(images, "built_reference", lambda image: f"gw2-lab/{image.name}:h-1")
    monkeypatch.setattr(bare, "start_new", lambda *words, **options: done.append((words, options)))
    instance = Instance("plain")
    bare.up_bare(instance)
    assert done[:2] == ["down", "create"]
    words, options = done[2]
    assert words[2:] == ("--entrypoint", "/usr/bin/tini")
    assert options["image"] == "gw2-lab/bare:h-1"
    assert options["ready"] is container.wait_for_sshd
    assert "sshd" in options["command"][-1]
    assert instance.finished.exists()
