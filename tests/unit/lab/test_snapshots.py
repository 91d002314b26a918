"""What a snapshot is made of, which ones are usable, and which ones go."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import snapshots, states
from lab.errors import LabError
from lab.snapshots import Snapshot

NOW = 1_800_000_000.0


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one file in each place that decides, and no images."""
    monkeypatch.setattr(states, "root", lambda: tmp_path)
    monkeypatch.setattr("lab.states.images.IMAGES", ())
    for place in states.MADE_OF:
        path = tmp_path / place if Path(place).suffix else tmp_path / place / "file.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("one")
    return tmp_path


def key() -> str:
    states.key.cache_clear()
    return states.key()


@pytest.mark.parametrize("place", ["staging/file.py", "lab/app/file.py", "runbook_lib/new/plans/deploy.sh"])
def test_a_change_of_what_a_state_is_made_of_gives_it_another_key(sources: Path, place: str) -> None:
    before = key()
    (sources / place).parent.mkdir(parents=True, exist_ok=True)
    (sources / place).write_text("two")
    assert key() != before


@pytest.mark.parametrize("place", ["runbook_lib/report/page.py", "runbook_lib/__pycache__/x.pyc", "docs/page.md"])
def test_what_leaves_no_trace_on_a_server_keeps_the_key(sources: Path, place: str) -> None:
    before = key()
    (sources / place).parent.mkdir(parents=True, exist_ok=True)
    (sources / place).write_text("two")
    assert key() == before


def test_every_state_begins_with_one_that_is_known() -> None:
    assert {state.parent for state in states.STATES.values()} <= {"", *states.STATES}


def test_a_name_that_is_no_state_is_refused_with_those_that_are() -> None:
    with pytest.raises(LabError, match=r"no state 'v9'[\s\S]*empty, v3.1.0"):
        states.ensure("v9")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Snapshot]:
    """Three of one name, one of another that is too old; removing them takes them out of the list."""
    monkeypatch.setattr("lab.snapshots.time.time", lambda: NOW)
    here = [Snapshot("v3.1.0", key, NOW - age) for key, age in (("c", 10), ("b", 20), ("a", 30))]
    here.append(Snapshot("backups", "a", NOW - snapshots.KEEP_S - 1))
    monkeypatch.setattr(snapshots, "stored", lambda: list(here))
    monkeypatch.setattr(snapshots, "_is_whole", lambda one: True)
    monkeypatch.setattr(snapshots, "remove", lambda one: here.remove(one) is None)
    return here


def test_old_ones_and_all_but_the_newest_of_a_name_are_pruned(kept: list[Snapshot]) -> None:
    assert [(one.name, one.key) for one in snapshots.prune()] == [("v3.1.0", "a"), ("backups", "a")]
    assert [one.key for one in kept] == ["c", "b"]


def test_the_one_that_was_just_made_or_found_is_not_pruned(kept: list[Snapshot]) -> None:
    snapshots.prune([kept[2]])
    assert [one.key for one in kept] == ["c", "b", "a"]


def test_one_whose_backups_are_too_old_by_now_is_not_found(kept: list[Snapshot]) -> None:
    assert snapshots.find("backups") is None
    found = snapshots.find("v3.1.0", "b")
    assert found is not None
    assert found.image.endswith(":v3.1.0-b")
