"""Fills the lab's database with the application's own data set, so that backups and queries are realistic."""

from __future__ import annotations

from lab.errors import LabError
from lab.instance import Instance
from lab.processes import log_file, output, run
from lab.progress import Progress

ENOUGH_ROWS = 60_000


def seed(instance: Instance, rows: int = ENOUGH_ROWS) -> None:
    """Run the application's seed in a running backend. Running it again adds nothing.

    Raises LabError when no backend runs, CommandFailed when the seed fails.
    """
    with Progress(f"seed {instance.name}", total=1) as progress, progress.step(f"{rows:,} rows"):
        container = _running_backend(instance)
        run(instance.inside("docker", "exec", container, "python", "-m", "app.seed", "--rows", str(rows)),
            log_file(f"seed-{instance.name}"), timeout_s=300)


def _running_backend(instance: Instance) -> str:
    """The name of the running backend container, of whichever colour."""
    names = output(instance.inside("docker", "ps", "--filter", "label=com.docker.compose.project=gw2-staging",
                                   "--format", "{{.Names}}")).split()
    found = sorted(name for name in names if "-backend-" in name)
    if not found:
        raise LabError(f"No backend is running on {instance.name}.",
                       next_step="deploy a release first: runbook run 20_deploy")
    return found[0]
