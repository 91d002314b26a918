"""Brings a release live on an instance: the deploy runbook itself, then enough rows for realistic queries."""

from __future__ import annotations

import subprocess
from dataclasses import replace

from lab.errors import LabError
from lab.instance import CHECKOUT, Instance
from lab.processes import root, succeeds


def release(instance: Instance, tag: str) -> None:
    """Deploy `tag` on a server without a release, and seed its database; a server with a release keeps it.

    Raises LabError when the runbook does not pass.
    """
    if succeeds(instance.inside("test", "-s", f"{CHECKOUT}/.runbook/releases.jsonl")):
        return
    from lab.release_path import BRING_UP, run_command
    from lab.seed import seed

    scenario = replace(BRING_UP, title=f"bring-up on {tag}", parameters={"ref": tag})
    code = subprocess.run(run_command(instance, scenario), cwd=root()).returncode
    if code != 0:
        raise LabError(f"The deployment of {tag} ended with {code}.", exit_code=code,
                       next_step=f"python -m lab status --name {instance.name}, and the run's report above")
    seed(instance)
