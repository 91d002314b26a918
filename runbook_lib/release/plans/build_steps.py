"""Steps before anything that is live is touched: record the state, fetch the commit, build its images."""

from __future__ import annotations

import json

from runbook_lib.core import programs
from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.earlier_answers import ANSWERS, answers_text
from runbook_lib.platform.plans.leftovers import end_leftovers
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey

BUILD_TIMEOUT_S, STOP_TIMEOUT_S = 900.0, 90.0


def build_mark(environment: Environment) -> str:
    """An address that leads nowhere: the containers of a build have no label, but they have this."""
    return f"{environment.project}-build.invalid"


def image_of(rollout: Rollout, part: str) -> str:
    """Name and tag of one of the target's images; the tag is the commit."""
    return rollout.environment.release.image_of(part, rollout.target.commit)


def record_state(rollout: Rollout, *leftovers: str) -> Step:
    """Record what is live and running, image digests included, before anything is changed.

    What a killed run has left of the jobs `leftovers` is ended first: it would go on next to whatever follows.
    """
    deployed = rollout.deployed
    text = json.dumps(
        {
            "live_colour": deployed.live_colour,
            "live_commit": deployed.live_commit,
            "head": deployed.head,
            "env": deployed.env_text,
            "upstreams": deployed.upstreams_text,
            "running": {one.service: {"image": one.image, "digest": one.image_id} for one in rollout.containers},
        },
        indent=1,
        sort_keys=True,
    )
    ended = f"; a {' or a '.join(leftovers)} that a killed run left is ended" if leftovers else ""
    return Step(
        StepKey.RECORD_STATE,
        "Record the current state",
        (
            Command(("mkdir", "-p", rollout.path(".runbook/upstreams"))),
            WriteFile(rollout.path(".runbook/pre-image.json"), text + "\n"),
            *_record_answers(rollout),
            *((end_leftovers(rollout.environment, *leftovers),) if leftovers else ()),
        ),
        why=f"what a rollback returns to{ended}",
    )


def _record_answers(rollout: Rollout) -> tuple[WriteFile, ...]:
    """What the live release does not answer, by its commit; as a rule nothing, and no file."""
    known, commit, now = rollout.deployed.unanswered, rollout.returns_to, rollout.unanswered_before
    if commit is None or known.get(commit, {}) == now:
        return ()
    kept = {release.commit for release in rollout.deployed.releases}
    return (WriteFile(rollout.path(ANSWERS), answers_text(known, commit, now, kept)),)


def fetch(rollout: Rollout) -> Step:
    """Fetch from the origin, and make sure that the commit came with it."""
    git = ("git", "-C", rollout.environment.server.directory)
    return Step(
        StepKey.FETCH,
        "Fetch the commit",
        (
            # --force: a tag that was moved at the origin, any tag, must not keep every release from being fetched
            Command((*git, "fetch", "--quiet", "--tags", "--force", "--prune", "origin"), timeout_s=120),
            Command((*git, "cat-file", "-e", f"{rollout.target.commit}^{{commit}}")),
        ),
        why="what is deployed is the commit, whatever its name points to later",
    )


def build(rollout: Rollout, part: str) -> Step:
    """Build one application image from the commit itself: stray files in the checkout cannot get in.

    Undone: no build is running any more. A finished image stays.
    """
    release = rollout.environment.release
    target, images, mark = rollout.target, rollout.environment.images, build_mark(rollout.environment)
    arguments = [f"RELEASE_COMMIT={target.commit}", f"RELEASE_VERSION={target.version}"]
    arguments += [f"{name}={images[name]}" for name in release.services[part].build_args]
    flags = [word for argument in arguments for word in ("--build-arg", argument)]
    # fewer CPU shares: users' requests come first when the processor is scarce. --force-rm: a failed build leaves no
    # container behind. BuildKit ignores both
    words = ("docker", "build", "--quiet", "--force-rm", "--cpu-shares", "256", "--add-host", f"{mark}:127.0.0.1",
             *flags, "--tag", image_of(rollout, part), "-")
    source = (rollout.environment.server.directory, f"{target.commit}:{release.folder_of(part)}")
    return Step(
        f"{StepKey.BUILD}-{part}",
        f"Build the {part} image",
        (image_program("build", mark, *source, *words, timeout_s=BUILD_TIMEOUT_S),),
        undo=(stop_images(rollout.environment),),
        why="built before anything is stopped, tagged by commit; kept on failure, so that a retry is quick",
    )


def pull(environment: Environment, *images: str) -> Step:
    """Images that the server does not have. Undone: no pull is running any more; what was pulled stays."""
    return Step(
        StepKey.PULL,
        "Pull the images that the server does not have",
        tuple(image_program("pull", build_mark(environment), image, timeout_s=BUILD_TIMEOUT_S) for image in images),
        undo=(stop_images(environment),),
        why="what will read the release's configuration must be there before the configuration is",
    )


def stop_images(environment: Environment) -> Command:
    """End a build or a pull of this project that a stopped run has left; passes where there is none."""
    return image_program("stop", build_mark(environment), timeout_s=STOP_TIMEOUT_S)


def image_program(*words: str, timeout_s: float) -> Command:
    """A verb of `release/image.sh` with its words."""
    program = programs.text("release/whole_tree.sh", "release/env_files.sh", "release/image.sh")
    return Command(("bash", "-s", "--", *words), stdin=program, timeout_s=timeout_s)
