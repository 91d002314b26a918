"""The images of a release that replaces another one: built as the commit's Compose file says, or pulled and named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.plan import SkippedStep, Step
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.plans.build_steps import BUILD_TIMEOUT_S, build_mark, image_program, stop_images
from runbook_lib.release.plans.replacement import Replacement

# As Compose does: what is there is taken, unless the file says otherwise. Where it is to be pulled now and then (daily,
# weekly, every_12h), a release is when. Source: Compose file reference, pull_policy. IMAGE POLICY NAME
TAKE = r"""
here() { docker image inspect --format . -- "$1" >/dev/null 2>&1; }
case $2 in
  always | refresh | daily | weekly | every_*) docker pull --quiet -- "$1" ;;
  never) here "$1" || { echo "$1 is not on the server, and its pull_policy is never" >&2; exit 1; } ;;
  *) here "$1" || docker pull --quiet -- "$1" ;;
esac
docker tag -- "$1" "$3"
"""


def image_steps(change: Replacement, services: Mapping[str, Mapping[str, Any]],
                jobs: Mapping[str, str] | None = None) -> tuple[list[Step], list[SkippedStep]]:
    """A step for each image that the server does not have; `services` as Compose reads them from the commit.

    `jobs` are the images of what runs once for the release, by service.
    """
    wanted, skipped = list[Step](), list[SkippedStep]()
    needed = {**change.images, **(jobs or {})}
    for image in dict.fromkeys(needed.values()):
        sharing = [name for name, one in needed.items() if one == image]
        if image in change.rollout.deployed.images:
            skipped.append(SkippedStep(f"Build the image of {' and '.join(sharing)}", f"{image[:24]} exists already"))
            continue
        # a worker names the image that the service of the same code is built into
        builds = [name for name in sharing if services.get(name, {}).get("build")]
        wanted.append(_build(change.rollout, builds[0], image, services) if builds
                      else _take(change.rollout, sharing[0], image, services))
    return wanted, skipped


def _build(rollout: Rollout, service: str, image: str, services: Mapping[str, Mapping[str, Any]]) -> Step:
    environment, target, mark = rollout.environment, rollout.target, build_mark(rollout.environment)
    files, variables = environment.compose.files, environment.compose.env_files
    words = ("compose", mark, environment.server.directory, target.commit, environment.project,
             _build_override(service, image, mark, target.commit, services), str(len(files)), *files,
             str(len(variables)), *variables, service)
    return Step(
        f"{StepKey.BUILD}-{service}", f"Build the image of {service}",
        (image_program(*words, timeout_s=BUILD_TIMEOUT_S),),
        undo=(stop_images(environment),),
        why="from an export of the commit, as its Compose file says; tagged by commit, and kept on failure",
    )


def _build_override(service: str, image: str, mark: str, commit: str, services: Mapping[str, Mapping[str, Any]]) -> str:
    """A last Compose file for the build alone: our tag, and the mark by which a build is found that was stopped."""
    build = json.dumps({"extra_hosts": [f"{mark}:127.0.0.1"], "labels": {"runbook.commit": commit}})
    lines = [f"  {json.dumps(name)}: {{env_file: !reset [], "
             + (f"image: {json.dumps(image)}, build: {build}}}" if name == service else "}")
             # files of variables are the server's own, and no build reads them
             for name in dict.fromkeys((*services, service))]
    return "\n".join(("services:", *lines))


def _take(rollout: Rollout, service: str, image: str, services: Mapping[str, Mapping[str, Any]]) -> Step:
    named = services.get(service, {})
    argv = ("sh", "-ec", TAKE, "take", str(named.get("image", "")), str(named.get("pull_policy", "")), image)
    return Step(
        f"{StepKey.BUILD}-{service}", f"Take the image of {service}", (Command(argv, timeout_s=BUILD_TIMEOUT_S),),
        why="the Compose file of the commit names it; it gets a name of the commit, which no later pull changes",
    )
