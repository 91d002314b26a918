"""Capacity: what data/disk_and_memory.json cannot show."""

from __future__ import annotations

from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.server import DATABASE_DATA, Disk, ServerState
from runbook_lib.release.checks.capacity import disk_and_memory


def test_two_folders_on_one_file_system_are_one_disk() -> None:
    disks = tuple(Disk(path, "/", 10**11, 10**10, None, None) for path in ("/opt", "/var/lib/docker"))
    server = ServerState(disks, 8 * 10**9, 4 * 10**9, 0.1, 2, 0.0, {"docker": "1", "compose": "2", "git": "3"})
    found = disk_and_memory(server, load_environment("staging"))
    assert [one.check for one in found].count("disk space at /") == 1


def test_the_databases_disk_counts_where_no_path_of_the_server_shows_it() -> None:
    root = Disk("/opt", "/", 10**11, 10**11, None, None, device="1")
    inside = "/var/lib/postgresql/data"
    for device, places in (("1", ["/"]), ("2", ["/", f"the database's {inside}"]), ("", ["/", f"the database's {inside}"])):
        disk = Disk(inside, inside, 10**11, 1, None, None, DATABASE_DATA, device)
        server = ServerState((root, disk), 8 * 10**9, 4 * 10**9, 0.1, 2, 0.0, {"docker": "1", "compose": "2", "git": "3"})
        found = disk_and_memory(server, load_environment("staging"))
        assert [one.check for one in found if "disk space" in one.check] == [f"disk space at {place}" for place in places]
