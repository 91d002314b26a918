"""States are made from one another, once, and found again by what they are made of."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab import states
from lab.errors import LabError
from lab.instance import Instance
from lab.snapshots import Snapshot


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What is done, in order; snapshots are kept in a list, and no server is made."""
    made: list[str] = []
    here: dict[str, Snapshot] = {}

    def save(instance: Instance, name: str, key: str) -> Snapshot:
        made.append(f"save {name}")
        here[name] = Snapshot(name, key, 0.0)
        return here[name]

    # not the locks of the states that other tests are waiting for
    monkeypatch.setattr("lab.processes.state", lambda: tmp_path / "lab")
    monkeypatch.setattr(states, "key", lambda application="": "k")
    monkeypatch.setattr(states, "down", lambda instance: made.append("down"))
    monkeypatch.setattr(states, "up", lambda instance: made.append("up"))
    monkeypatch.setattr(states, "bring_up", lambda instance: made.append(f"bring up {instance.application.name}"))
    monkeypatch.setattr(states, "seed", lambda instance: made.append("seed"))
    monkeypatch.setattr(states, "_run", lambda instance, scenario: made.append(f"run {scenario.notebook}"))
    monkeypatch.setattr("lab.states.snapshots.save", save)
    monkeypatch.setattr("lab.states.snapshots.find", lambda name, key=None: here.get(name))
    monkeypatch.setattr("lab.states.snapshots.restore", lambda instance, snapshot: made.append(f"restore {snapshot.name}"))
    monkeypatch.setattr("lab.states.snapshots.prune", lambda kept: None)
    return made


def test_a_state_is_made_from_its_parent_and_then_found(done: list[str]) -> None:
    states.ensure("backups")
    assert done == ["down", "up", "run 20_deploy", "seed", "save v3.1.0", "down", "restore v3.1.0",
                    "run 30_backup_database", "run 30_backup_database", "save backups", "down"]
    done.clear()
    assert states.ensure("backups").name == "backups"
    assert done == []


def test_who_needs_a_state_that_is_there_does_not_wait_for_who_makes_another(done: list[str]) -> None:
    """Nor for who makes the same one anew; two states are made side by side, each on a server of its own."""
    states.ensure("v3.1.0")
    with ThreadPoolExecutor() as pool, states.making("v3.1.0"), states.making("v3.2.0"):
        assert pool.submit(states.ensure, "v3.1.0").result(timeout=120).name == "v3.1.0"
        assert pool.submit(states.ensure, "backups").result(timeout=120).name == "backups"


def test_the_state_of_an_application_that_its_owners_brought_up_needs_no_runbook(done: list[str]) -> None:
    states.ensure("shop")
    assert done == ["down", "up", "bring up shop", "save shop", "down"]


def test_a_runbook_decides_about_the_first_applications_states_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(states, "root", lambda: tmp_path)
    (tmp_path / "runbook_lib").mkdir()
    before = [states.key.__wrapped__(name) for name in ("gw2", "shop")]
    (tmp_path / "runbook_lib/plan.py").write_text("changed")
    after = [states.key.__wrapped__(name) for name in ("gw2", "shop")]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True]


def test_a_builder_that_failed_leaves_no_server(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(instance: Any, scenario: Any) -> None:
        raise LabError("20 ended with 1.")

    monkeypatch.setattr(states, "_run", fail)
    with pytest.raises(LabError, match="ended with 1"):
        states.ensure("v3.1.0")
    assert done[-1] == "down"
    assert not [line for line in done if line.startswith("save")]


def test_a_restore_takes_a_state_or_the_newest_snapshot_of_that_name(done: list[str]) -> None:
    states.restore(Instance("one"), "empty")
    assert done[-1] == "restore empty"
    with pytest.raises(LabError, match="no snapshot 'mine'"):
        states.restore(Instance("one"), "mine")


def test_a_run_that_does_not_end_as_it_should_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = SimpleNamespace(returncode=1, stdout="what it printed", stderr="")
    monkeypatch.setattr("lab.states.subprocess.run", lambda *_, **__: ended)
    monkeypatch.setattr(states, "run_command", lambda instance, scenario: ())
    scenario: Any = SimpleNamespace(title="Deploy", exit_codes=(0,), watched_for=lambda seconds: None)
    with pytest.raises(LabError, match=r"Deploy ended with 1.\nwhat it printed"):
        states._run(Instance("one"), scenario)
