"""The benchmark of backups and drills, on a database of a megabyte: that it measures what it says."""

from __future__ import annotations

from lab.bench.backups import BACKUP, DRILL, FOLDER, measure
from tests.lab_server import Lab


def test_a_backup_and_a_drill_are_measured_and_nothing_of_them_stays(lab: Lab) -> None:
    backup, drill = measure(lab.instance, (1,), rounds=1, rate=0)
    assert (backup.task, drill.task) == (BACKUP, DRILL)
    assert min(backup.ours_s, backup.plain_s, drill.ours_s, drill.plain_s) > 0
    assert "bench_1" not in lab.on_server("docker", "exec", "gw2-staging-postgres-1", "psql", "-XqAtlU", "postgres")
    assert lab.on_server("sh", "-c", f"ls -d {FOLDER} || echo gone").strip() == "gone"
