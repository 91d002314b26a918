from __future__ import annotations

import pytest

from lab import engine
from lab.debian import Machine
from lab.errors import REFUSED, LabError

DEBIAN = Machine("debian", "bookworm")


def test_root_on_debian_has_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "has_apt", True)
    assert engine.obstacle(0, DEBIAN) == ""


def test_another_user_is_shown_what_is_needed_before_anything_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[object] = []
    monkeypatch.setattr(engine, "_engine_answers", lambda: False)
    monkeypatch.setattr(engine, "_compose_answers", lambda: False)
    monkeypatch.setattr("lab.engine.os.geteuid", lambda: 1000)
    monkeypatch.setattr("lab.engine.debian.install", lambda *packages: installed.append(packages))
    with pytest.raises(LabError) as refused:
        engine.ensure_engine()
    assert refused.value.exit_code == REFUSED
    assert "not root" in str(refused.value)
    assert "Nothing has been installed" in str(refused.value)
    assert installed == []


def test_an_unknown_distribution_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "fedora" in engine.obstacle(0, Machine("fedora", ""))


def test_nothing_is_done_where_engine_and_compose_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_engine_answers", lambda: True)
    monkeypatch.setattr(engine, "_compose_answers", lambda: True)
    monkeypatch.setattr(engine, "obstacle", lambda *_: pytest.fail("looked for an obstacle with nothing to do"))
    engine.ensure_engine()


@pytest.mark.parametrize(("version", "good"), [("2.26.1-4", True), ("v2.40.0", True), ("5.0.1", True),
                                               ("1.29.2", False), ("", False)])
def test_only_compose_2_and_later_count(monkeypatch: pytest.MonkeyPatch, version: str, good: bool) -> None:
    monkeypatch.setattr(engine, "_clients", lambda: ["docker"])
    monkeypatch.setattr(engine, "output", lambda *_, **__: version)
    assert engine._compose_answers() is good


def test_stale_pid_files_are_cleared(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    stale = tmp_path / "docker.pid"
    stale.write_text("999999999")
    monkeypatch.setattr(engine, "PID_FILES", (stale, tmp_path / "absent.pid"))
    engine._clear_leftovers()
    assert not stale.exists()
