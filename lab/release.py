"""Brings a release live on an instance: the deploy runbook itself, then enough rows for realistic queries."""

from __future__ import annotations

import subprocess
from dataclasses import replace

from lab.applications.registry import Application
from lab.applications.sources import tags_of
from lab.errors import USAGE, LabError
from lab.instance import CHECKOUT, Instance
from lab.processes import root, succeeds
from runbook_lib.core.text import did_you_mean


def must_be_known(application: Application, tag: str) -> None:
    """Raises LabError for a release that cannot be brought up: before minutes are spent on a server for it.

    The application has none of that tag; or its owners start it themselves, and none is deployed on a new server.
    """
    known = tags_of(application)
    if tag not in known:
        raise LabError(f"There is no release {tag!r} of {application.name}{did_you_mean(tag, known) or '.'}",
                       next_step=f"choose one of {', '.join(known)}", exit_code=USAGE)
    if application.start:
        raise LabError(f"{application.name} runs before any runbook, as its owners started it: --release is for the "
                       "first application.", exit_code=USAGE,
                       next_step=f"leave --release out, then: runbook run 20_deploy -e {application.environment} -p "
                       f"ref={tag}")


def release(instance: Instance, tag: str) -> bool:
    """Deploy `tag` on a server without a release, and seed its database; a server with a release keeps it.

    Whether it was deployed now. Raises LabError when the runbook does not pass.
    """
    if succeeds(instance.inside("test", "-s", f"{CHECKOUT}/.runbook/releases.jsonl")):
        return False
    from lab.release_path import BRING_UP, run_command
    from lab.seed import seed

    scenario = replace(BRING_UP, title=f"bring-up on {tag}", parameters={"ref": tag})
    code = subprocess.run(run_command(instance, scenario), cwd=root()).returncode
    if code != 0:
        raise LabError(f"The deployment of {tag} ended with {code}.", exit_code=code,
                       next_step=f"python -m lab status --name {instance.name}, and the run's report above")
    seed(instance)
    return True
