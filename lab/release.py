"""An instance that serves a release: the product's own deploy runbook, then enough rows to make queries real."""

from __future__ import annotations

import subprocess
from dataclasses import replace

from lab.errors import LabError
from lab.instance import Instance
from lab.processes import root


def release(instance: Instance, tag: str) -> None:
    """Deploy `tag` and seed the database. Raises LabError when the runbook does not pass."""
    from lab.rehearsal import BRING_UP, run_command
    from lab.seed import seed

    scene = replace(BRING_UP, title=f"bring-up on {tag}", parameters={"ref": tag})
    code = subprocess.run(run_command(instance, scene), cwd=root()).returncode
    if code != 0:
        raise LabError(f"The deployment of {tag} ended with {code}.", exit_code=code,
                       next=f"python -m lab status --name {instance.name}, and the run's report above")
    seed(instance)
