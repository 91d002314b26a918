"""Which backups a drill takes, and what its copy needs."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.environment import load_environment
from runbook_lib.recovery.facts.drill_selection import CLUSTER_MB, copy_needs, select_for_drill
from tests.unit.recovery.facts.test_backups import backup, folder

ENVIRONMENT = load_environment("staging")


def test_the_newest_good_one_and_an_older_one_that_its_name_picks() -> None:
    backups = folder(replace(backup(1), sha256="1" * 64), *(backup(hours) for hours in range(2, 12)))
    selected = select_for_drill(backups)
    assert selected.newest == backup(2)
    assert selected.older is not None
    assert selected == select_for_drill(backups)
    assert {select_for_drill(backups, seed=str(number)).older for number in range(40)} > {selected.older}


def test_the_older_one_can_be_named_and_a_wrong_name_selects_nothing() -> None:
    backups = folder(backup(1), backup(2), backup(3))
    assert select_for_drill(backups, older=backup(3).name).older == backup(3)
    for wrong in (backup(1).name, "../etc/passwd"):
        assert select_for_drill(backups, older=wrong).older is None


def test_an_empty_folder_has_nothing_to_restore() -> None:
    assert select_for_drill(folder()).backups == ()


def test_data_that_fit_into_half_the_memory_are_kept_there_and_larger_ones_in_a_volume() -> None:
    small, memory_mb = backup(1), ENVIRONMENT.restore_drill.memory_mb
    assert small.manifest is not None
    large = replace(small, manifest=replace(small.manifest, database_bytes=memory_mb * 2**20))
    assert copy_needs(small, ENVIRONMENT).tmpfs_mb == CLUSTER_MB
    needs = copy_needs(large, ENVIRONMENT)
    assert (needs.tmpfs_mb, needs.memory_mb) == (0, memory_mb)
    assert needs.disk_bytes > 1.5 * memory_mb * 2**20
