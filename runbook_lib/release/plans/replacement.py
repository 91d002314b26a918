"""A release that replaces the containers of another one: what is to run, what ran, and adopting what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Action, Step
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.release_history import AS_FOUND, Release
from runbook_lib.platform.facts.replaced_release import (
    OVERRIDE,
    Override,
    found_image,
    images_of,
    of_release,
    override_text,
)
from runbook_lib.platform.plans.compose import compose_up, once_settled, remove_services
from runbook_lib.platform.plans.nginx import follow_restarted
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.plans.cutover_steps import record_line

ADOPTED = "ran before any runbook: its images are kept, and it is what an undo returns to"
NOT_YET = datetime.min.replace(tzinfo=UTC)  # the time of a line that is still to be written


@dataclass(frozen=True)
class Replacement:
    """A release on its way to one container a service: `images` by service, and the recorded release before it.

    `previous` is what an undo returns to: for an application that was started by hand, as this plan records it first.
    """

    rollout: Rollout
    images: Mapping[str, str] = field(hash=False)
    previous: Release | None

    @property
    def services(self) -> tuple[str, ...]:
        """The services that are made anew."""
        return tuple(self.images)

    def up(self, *services: str) -> Command:
        """Bring services to the images of the override, each in as many containers as run."""
        counts = Counter(one.service for one in self.rollout.containers if one.state == "running")
        scale = {name: counts[name] for name in services if counts[name] > 1}
        return compose_up(self.rollout.environment, *services, scale=scale)

    @property
    def override(self) -> str:
        """The text of the override that brings the target."""
        target = self.rollout.target
        return override_text(Override(target.commit, target.version, self.images))

    @property
    def previous_images(self) -> Mapping[str, str]:
        """The previous images, by service; empty where nothing ran."""
        return images_of(self.rollout.environment, self.previous) if self.previous else {}


def replacement_of(rollout: Rollout, images: Mapping[str, str] | None = None) -> Replacement:
    """The replacement that a rollout makes; `images` of an earlier release, where they are not those of its commit."""
    release, state = rollout.environment.release, rollout.deployed.replaced
    wanted = images or {name: release.image_of(name, rollout.target.commit) for name in release.services}
    adopted = adopted_release(rollout) if state and state.by_hand else None
    return Replacement(rollout, wanted, adopted or (state.previous if state else None))


def adopted_release(rollout: Rollout) -> Release | None:
    """The line of the release history for what runs by hand; None where no service of the release has a container."""
    environment, deployed = rollout.environment, rollout.deployed
    found = of_release(environment, rollout.containers)
    if not found or not deployed.head:
        return None
    images = {name: found_image(environment, one) for name, one in found.items()}
    return Release(deployed.head, AS_FOUND, "", rollout.target.schema_now, "", "", ADOPTED, NOT_YET, images=images,
                   adopted=True)


def adopt_running(change: Replacement) -> tuple[Step, ...]:
    """Keep the images that run by hand under names of ours, and record them as a release; no container is touched.

    It has no undo: it says what is so. Nothing where the runbooks have started what runs.
    """
    rollout, adopted = change.rollout, change.previous
    state = rollout.deployed.replaced
    if state is None or not state.by_hand or adopted is None or not adopted.adopted:
        return ()
    found = of_release(rollout.environment, rollout.containers)
    tags = {adopted.images[name]: one for name, one in found.items() if name in adopted.images}
    override = override_text(Override(adopted.commit, adopted.version, adopted.images))
    # the line first: with the override alone the images would have a name, and no release
    actions: tuple[Action, ...] = (*(_keep(image, one) for image, one in tags.items()),
                                   record_line(rollout, _line_of(adopted), ADOPTED),
                                   WriteFile(rollout.path(OVERRIDE), override))
    return (Step(StepKey.RECORD_RUNNING, "Record the release that runs already", actions,
                 why="it was started by hand; its images get names of ours, and an undo returns to them. Its commit is "
                     "the one that is checked out, which nothing proves"),)


def write_override(change: Replacement) -> Step:
    """Our Compose file with the target's images. Undone: with the previous ones; on a server without any, no file."""
    path, previous = change.rollout.path(OVERRIDE), change.previous
    text = override_text(Override(previous.commit, previous.version, change.previous_images)) if previous else ""
    undo: Action = WriteFile(path, text) if previous else Command(("rm", "-f", path))
    return Step(StepKey.CONFIGURE, "Write the images of the release into the override file",
                (WriteFile(path, change.override),), undo_files=(undo,),
                why="the last file of every docker compose command; the application's own files stay as they are")


def replace_containers(change: Replacement, expected: str, before_up: tuple[Action, ...] = ()) -> Step:
    """Make the release's containers anew. `expected` says what users notice. Undone: by the previous images."""
    environment = change.rollout.environment
    before, rules = tuple(change.previous_images), environment.migrations
    gone = tuple(name for name in change.services if name not in before)
    # whatever stopped this step may have stopped its `up` in the middle of a container
    undo: tuple[Action, ...] = (once_settled(change.up(*before)),) if before else ()
    undo += (remove_services(environment, *gone),) if gone else ()
    undo += follow_restarted(environment) if before else ()
    return Step(StepKey.SWITCH, f"Replace the containers by {change.rollout.target.version}",
                (*before_up, change.up(*change.services), *follow_restarted(environment)), undo=undo, why=expected,
                may_keep="the schema, where the release migrated it at its start" if rules and rules.at_start else "")


def record_release(change: Replacement, first: tuple[Action, ...] = (), *, rolled_back_from: str = "") -> Step:
    """Append the release to the record, with the image of each service; what is to be reported with it comes first.

    `rolled_back_from` is the commit that a rollback takes from the users; empty for a deployment.
    """
    rollout = change.rollout
    line = {"commit": rollout.target.commit, "version": rollout.target.version, "colour": "",
            "schema_revision": rollout.target.schema_expected or None, "images": dict(change.images),
            **({"rolled_back_from": rolled_back_from} if rolled_back_from else {})}
    return Step(StepKey.COMMIT_RELEASE, "Write the release record",
                (*first, record_line(rollout, line, rollout.choices.reason)))


def _line_of(adopted: Release) -> dict[str, object]:
    return {"commit": adopted.commit, "version": adopted.version, "colour": "",
            "schema_revision": adopted.schema_revision, "images": dict(adopted.images), "adopted": True}


def _keep(image: str, container: Container) -> Command:
    # by the id: its own name may be another image's by now, after a build in between
    return Command(("docker", "tag", container.image_id, image))
