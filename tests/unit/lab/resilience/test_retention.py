"""Simulated nights on a folder of this machine, with the real survey and prune programs."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from lab.instance import Instance
from lab.resilience import retention
from lab.resilience.backup_pair import Pair
from lab.resilience.retention import DAYS, FOLDER, BackupFolder, Event, SimulatedNight, adverse
from runbook_lib.environment import load_environment

GOOD = SimulatedNight()


class LocalFolder(BackupFolder):
    """The same programs, run on this machine."""

    path = Path()

    def _server(self, *words: str, text: str | None = None) -> str:
        argv = [word.replace(FOLDER, str(self.path)) for word in words]
        return subprocess.run(argv, input=text, text=True, capture_output=True, check=True).stdout


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalFolder:
    def write(instance: Instance, pairs: Sequence[tuple[str, Pair]], folder: str) -> None:
        for name, pair in pairs:
            (tmp_path / name).write_bytes(pair.raw)
            (tmp_path / f"{name.removesuffix('.sql.gz')}.manifest.json").write_bytes(pair.manifest or b"")

    monkeypatch.setattr(retention, "write_pairs", write)
    made = LocalFolder(Instance("double"), load_environment("staging"))
    made.path = tmp_path
    return made


def run(folder: LocalFolder, nights: list[SimulatedNight]) -> list[str]:
    for day, night in enumerate(nights):
        folder.run_night(day, night)
    return folder.lost()


def test_quiet_nights_prune_old_backups_and_keep_the_newest(folder: LocalFolder) -> None:
    rules = folder.environment.backup.model_copy(update={"keep_days": 9})  # the sixty nights of the suite have the lab's own
    folder.environment = folder.environment.model_copy(update={"backup": rules})
    days = rules.keep_days + rules.keep_newest + 3
    assert run(folder, [GOOD] * days) == []
    assert (len(folder.made), folder.pruned > 0) == (days, True)


def test_a_corrupt_backup_does_not_count_as_one_of_the_newest(folder: LocalFolder) -> None:
    assert run(folder, [GOOD, GOOD, SimulatedNight(Event.CORRUPTION, 1), GOOD]) == []
    assert folder.corrupted == {folder.made[1]}


def test_a_night_whose_backup_fails_leaves_a_partial_file_and_prunes_nothing(folder: LocalFolder) -> None:
    run(folder, [GOOD, SimulatedNight(Event.BACKUP_FAILS)])
    assert (len(folder.made), folder.pruned) == (1, 0)
    assert [path.name for path in folder.path.glob("*.partial")] == ["staging_db.sql.gz.partial"]


def test_a_missing_newest_backup_is_lost(folder: LocalFolder) -> None:
    run(folder, [GOOD, GOOD])
    (folder.path / folder.made[0]).unlink()
    assert folder.lost() == [folder.made[0]]


def test_adverse_nights_are_the_same_for_the_same_seed() -> None:
    assert adverse(1) == adverse(1) != adverse(2)
    assert len(adverse(1)) == DAYS
    assert {night.event for night in adverse(1)} == set(Event)
