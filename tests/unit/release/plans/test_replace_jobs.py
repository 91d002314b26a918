"""Jobs: what runs once for a release before containers are made anew, with the release's image and never the live one's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.release.plans.replace_gates import measured_of
from runbook_lib.release.plans.replace_images import image_steps
from runbook_lib.release.plans.replace_jobs import JOBS_FILE, job_images, job_steps
from runbook_lib.release.plans.replacement import Replacement, replacement_of
from tests.unit.platform.facts.test_replaced_release import NEW
from tests.unit.release.plans.test_replacement import change
from tests.unit.shop_environment import FILE, shop

ONCE = {"title": "Setup", "required": False, "absent_reason": "it runs once and ends"}
JOBS = {"setup": {"image": "web"}, "bucket": {}}


def with_jobs(jobs: Any = None, **more: Any) -> Replacement:
    data = yaml.safe_load(FILE.read_text())
    jobs = JOBS if jobs is None else jobs
    environment = shop(services=data["services"] | dict.fromkeys(jobs, ONCE) | more.pop("services", {}),
                       release=data["release"] | {"jobs": jobs} | more)
    made = change()
    return replacement_of(replace(made.rollout, environment=environment))


def test_each_job_runs_in_its_order_with_the_image_of_the_release() -> None:
    made = with_jobs()
    steps = job_steps(made, measured_of(made))
    assert [one.key for one in steps] == ["job-setup", "job-bucket"]
    for step, name in zip(steps, JOBS, strict=True):
        _, file, run = step.actions
        assert isinstance(file, WriteFile) and isinstance(run, Command)
        assert file.path == f"/opt/shop/{JOBS_FILE}"
        named = json.loads(str(file.content).partition("\n")[2])["services"]
        assert named == {"setup": {"image": f"web:{NEW}", "pull_policy": "never"}}
        words = " ".join(run.argv)
        # our files come last, and the job's own command is what runs
        assert f"COMPOSE_FILE=/opt/shop/compose.yml:/opt/shop/compose.override.yml:/opt/shop/{JOBS_FILE}" in words
        assert run.argv[-1] == name and "--no-deps" in run.argv
        assert step.undone_by and step.keeps == f"what {name} has done"


def test_an_image_that_only_a_job_has_is_made_with_the_others() -> None:
    made = with_jobs({"setup": {"image": "web"}, "init": {"image": "shop-init"}})
    assert job_images(made) == {"setup": f"web:{NEW}", "init": f"shop-init:{NEW}"}
    services = {"web": {"build": "."}, "worker": {"image": "web"}, "init": {"build": "init"}, "setup": {"image": "web"}}
    steps, _ = image_steps(made, services, job_images(made))
    assert [one.key for one in steps] == ["build-web", "build-init"]


def test_an_application_without_jobs_has_no_step_of_theirs() -> None:
    made = change()
    assert job_steps(made, measured_of(made)) == []


@pytest.mark.parametrize(("jobs", "services", "fault"), [
    ({"web": {}}, {"web": {"title": "Shop"}}, "release.jobs.web: is among release.services too"),
    ({"setup": {}}, {"setup": {"title": "Setup"}}, "services.setup.required: it runs once and ends"),
])
def test_a_job_is_a_service_that_ends_and_no_release_brings_anew(jobs: Any, services: Any, fault: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=fault):
        with_jobs(jobs, services=services)
