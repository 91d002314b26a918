"""What runs once for a release before its containers are made anew: what `docker compose up` would wait for."""

from __future__ import annotations

import json

from runbook_lib.core.commands import WriteFile
from runbook_lib.core.plan import Step
from runbook_lib.platform.plans.migration import LOCK_LIMIT_S, one_off, stop_migration
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.plans.replace_gates import Measured, outage_begins
from runbook_lib.release.plans.replacement import Replacement

# apart from the override of the live release: what has ended has no container that could have another image
JOBS_FILE = ".runbook/jobs.override.yml"


def job_images(change: Replacement) -> dict[str, str]:
    """The image of each job that runs the release's code, by service."""
    commit = change.rollout.target.commit
    return {name: f"{one.image}:{commit}" for name, one in change.rollout.environment.release.jobs.items() if one.image}


def job_steps(change: Replacement, measured: Measured) -> list[Step]:
    """A step for each job, in the order of the environment file; the previous release runs meanwhile.

    Its undo ends one that still runs. What a job has done stays: nothing knows how to reverse it.
    """
    environment = change.rollout.environment
    services = {name: {"image": image.replace("$", "$$"), "pull_policy": "never"}
                for name, image in job_images(change).items()}
    text = "# Written by the deploy runbook: the images of the release's jobs, for these alone.\n" \
        f"{json.dumps({'services': services}, indent=1)}\n"
    file = WriteFile(change.rollout.path(JOBS_FILE), text)
    return [Step(f"{StepKey.JOB}-{name}", f"Run {name}, once",
                 (outage_begins(measured), file, one_off(environment, name, more_files=(JOBS_FILE,))),
                 undo=(stop_migration(environment),), keeps=f"what {name} has done", may_keep=f"what {name} had done",
                 why="the release waits for its end, as `docker compose up` does; in a one-off container while the "
                     f"previous release runs. A session of it that has waited {LOCK_LIMIT_S} s for a lock is canceled. "
                     "What it does is not reversed, and a rollback does not run that of an earlier release")
            for name in environment.release.jobs]
