"""Has the server the disk space, the memory and the programs for a release? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, finding
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.server import DATABASE_DATA, Disk, ServerState

PROGRAMS = ("docker", "compose", "git")


def disk_and_memory(server: ServerState, environment: Environment) -> tuple[Finding, ...]:
    """Free disk space, available memory and installed programs against the environment's minimum."""
    missing = [name for name in PROGRAMS if not server.versions.get(name)]
    free_mb = server.memory_available_bytes / 1e6
    # the database's is seen from inside its container, where a disk that is known already has another path
    known = {disk.device for disk in server.disks if disk.holds != DATABASE_DATA and disk.device}
    disks = {disk.mount: disk for disk in server.disks
             if disk.holds != DATABASE_DATA or not disk.device or disk.device not in known}.values()
    return (
        *(
            finding(f"disk space at {_place(disk)}", disk.free_bytes >= environment.disk_minimum_gb * 1e9,
                    measured=f"{disk.free_bytes / 1e9:.1f} GB free, {disk.used_percent:.0f} % used",
                    expected=f"at least {environment.disk_minimum_gb} GB free",
                    next_step="On the server: docker system df; then docker image prune.")
            for disk in disks
        ),
        finding("memory available", free_mb >= environment.memory_minimum_mb,
                measured=f"{free_mb:,.0f} MB available", expected=f"at least {environment.memory_minimum_mb} MB",
                next_step="See which container grew: 21 Verify has the chart."),
        finding("Docker, Compose and git installed", not missing,
                measured=", ".join(f"{name} {server.versions.get(name) or 'missing'}" for name in PROGRAMS),
                expected="all three", next_step="Install what is missing; then run again."),
    )


def _place(disk: Disk) -> str:
    return f"the database's {disk.path}" if disk.holds == DATABASE_DATA else disk.mount
