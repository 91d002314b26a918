"""Has the server the disk space, the memory and the programs for a release? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, finding
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.server import DATABASE_DATA, DOCKER_DATA, Disk, ServerState

PROGRAMS = ("docker", "compose", "git")


def disk_and_memory(server: ServerState, environment: Environment) -> tuple[Finding, ...]:
    """Free disk space, available memory and installed programs against the environment's minimum."""
    missing = [name for name in PROGRAMS if not server.versions.get(name)]
    free_mb = server.memory_available_bytes / 1e6
    # the database's is seen from inside its container, where a disk that is known already has another path
    known = {disk.device for disk in server.disks if disk.holds != DATABASE_DATA and disk.device}
    disks: dict[str, list[Disk]] = {}
    for disk in server.disks:
        if disk.holds != DATABASE_DATA or not disk.device or disk.device not in known:
            disks.setdefault(disk.mount, []).append(disk)
    return (
        *(
            finding(f"disk space at {_place(there[-1])}", there[-1].free_bytes >= environment.disk_minimum_gb * 1e9,
                    measured=f"{there[-1].free_bytes / 1e9:.1f} GB free, {there[-1].used_percent:.0f} % used",
                    expected=f"at least {environment.disk_minimum_gb} GB free",
                    next_step=_frees(there, environment.backup.directory))
            for there in disks.values()
        ),
        finding("memory available", free_mb >= environment.memory_minimum_mb,
                measured=f"{free_mb:,.0f} MB available", expected=f"at least {environment.memory_minimum_mb} MB",
                next_step="See which container grew: 21 Verify has the chart."),
        finding("Docker, Compose and git installed", not missing,
                measured=", ".join(f"{name} {server.versions.get(name) or 'missing'}" for name in PROGRAMS),
                expected="all three", next_step="Install what is missing; then run again."),
    )


def _frees(there: list[Disk], backups: str) -> str:
    """What frees space on this file system, by what lies there: images free nothing on the backups' disk."""
    advice = []
    if any(disk.path == backups for disk in there):
        advice.append(f"backups in {backups}: `ls -lhtr {backups}`, copy the oldest to another machine, then delete "
                      "them here, never the newest that 30 has verified")
    if any(disk.holds == DOCKER_DATA for disk in there):
        advice.append("Docker's data: `docker system df`, then `docker image prune` and `docker builder prune`")
    if any(disk.holds == DATABASE_DATA for disk in there):
        advice.append("the database's data: 61 Capacity review names its largest tables; delete no file of it")
    others = [disk.path for disk in there if disk.path != backups and not disk.holds]
    if others:
        advice.append(f"{', '.join(others)}: `du -xh --max-depth=3 {there[-1].mount} | sort -h | tail -n 20` shows "
                      "what is largest, often logs")
    return f"On this file system lie: {'; '.join(advice)}."


def _place(disk: Disk) -> str:
    return f"the database's {disk.path}" if disk.holds == DATABASE_DATA else disk.mount
