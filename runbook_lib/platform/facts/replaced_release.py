"""What is live where a release replaces the previous one's containers: our override file, compared with what runs.

The override is a Compose file of ours, named last: it gives each service of the release its image, by commit. Without
one, or where a container has another image, someone has started the application without the runbooks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import yaml

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.by_hand import running_services
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.release_history import Release

OVERRIDE = ".runbook/release.override.yml"
FOUND = "found-"  # tag of an image that ran before any runbook, followed by the beginning of its id
ID_DIGITS = 12
_LONG_TAG = re.compile(r":([0-9a-f]{12})[0-9a-f]{28,52}$")
COMMIT_LABEL, VERSION_LABEL = "runbook.commit", "runbook.version"


@dataclass(frozen=True)
class ReplacedState:
    """The release in the containers that there are; `commit` and `version` None where nothing of ours is live.

    `images` are those of the override by service, `unsettled` the services whose container has another one, or none.
    `previous` is the recorded release that an undo returns to. `by_hand` as in `Deployed`.
    """

    override_text: str | None = None
    commit: str | None = None
    version: str | None = None
    images: Mapping[str, str] = field(default_factory=dict, hash=False)
    unsettled: tuple[str, ...] = ()
    previous: Release | None = None
    by_hand: tuple[str, ...] = ()


def replaced_state(environment: Environment, override_text: str | None, releases: tuple[Release, ...],
                   containers: Iterable[Container]) -> ReplacedState:
    """What is live, by the images of the containers. Raises FactUnreadable for an override that is none of ours.

    A run that was stopped leaves containers of a release that is not recorded, or of two: an undo then returns to the
    last one that is. A container with an image of neither was started by others, and the application is theirs again.
    """
    known = tuple(containers)
    override = parse_override(override_text) if override_text else None
    images = override.images if override else {}
    running = of_release(environment, known)
    theirs = [one for one in running.values() if not _is_ours(environment, one, images, releases)]
    last = releases[-1] if releases else None
    # what the live release has not is settled, whatever a later one has left of it
    own = lacking(environment, last) if last is not None and dict(last.images) == dict(images) else frozenset()
    unsettled = tuple(name for name in environment.release.services
                      if name not in own
                      and (name not in running or not runs_image(running[name], images.get(name, ""))))
    nothing_of_ours = override is None and last is None
    if theirs or (known and nothing_of_ours):
        return ReplacedState(override_text, None, None, images, unsettled, last, running_services(known))
    if nothing_of_ours:
        return ReplacedState(override_text)
    live = _live(environment, running.get(environment.release.api), override, releases)
    return ReplacedState(override_text, live.commit if live else None, live.version if live else None, images,
                         unsettled, last)


@dataclass(frozen=True)
class Override:
    """What an override file names: the release, and the image of each of its services."""

    commit: str
    version: str
    images: Mapping[str, str] = field(default_factory=dict, hash=False)


def override_text(override: Override) -> str:
    """The file's text. It makes no service anew that has its image and labels already. Source: Compose, merge."""
    labels = {COMMIT_LABEL: override.commit, VERSION_LABEL: override.version}
    # never pulled: an image by commit is built here, and a registry that has the name would have another one's
    services = {name: {"image": image, "pull_policy": "never", "labels": labels}
                for name, image in sorted(override.images.items())}
    whole = {"x-runbook": {"commit": override.commit, "version": override.version}, "services": services}
    # JSON is YAML, and quotes every character that Compose would read as something else; but $ is a variable's
    text = json.dumps(whole, indent=1, ensure_ascii=False).replace("$", "$$")
    return f"# Written by the deploy runbook: the images of the live release. The last file of every command.\n{text}\n"


def parse_override(text: str) -> Override:
    """The values of an override file. Raises FactUnreadable for one that is none of ours."""
    try:
        whole = yaml.safe_load(text)
        named = whole["x-runbook"]
        images = {str(name): str(one["image"]) for name, one in whole["services"].items()}
        return Override(str(named["commit"]), str(named["version"]).replace("$$", "$"), images)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as cause:
        raise FactUnreadable(
            "The override file of the runbooks cannot be read.", where=OVERRIDE,
            next_step="Move it away: 20 Deploy then records what runs, and writes it anew.") from cause


def of_release(environment: Environment, containers: Iterable[Container]) -> dict[str, Container]:
    """The container of each service of the release, the running one where there are several."""
    # what an interrupted recreation has left comes first here, and is replaced by what runs
    known = sorted(containers, key=lambda one: one.state == "running")
    return {one.service: one for one in known if one.service in environment.release.services}


def found_image(environment: Environment, container: Container) -> str:
    """The name under which the image of a container is kept that no runbook has started."""
    image = environment.release.services[container.service].image
    return f"{image}:{FOUND}{_short_id(container)}"


def runs_image(container: Container, image: str) -> bool:
    """Whether a container runs this image: by its name, or by the id that an adopted image is called after."""
    return container.image == image or image.rpartition(":")[2] == f"{FOUND}{_short_id(container)}"


def repository_of(image: str) -> str:
    """An image without its tag and digest."""
    # a registry's port has a colon, too
    before, slash, last = image.partition("@")[0].rpartition("/")
    return f"{before}{slash}{last.partition(':')[0]}"


def left_behind(environment: Environment, containers: Iterable[Container]) -> tuple[Container, ...]:
    """Running containers of the release's code that no release replaces: another service than it names, its image."""
    ours = {one.image for one in environment.release.services.values()}
    return tuple(one for one in containers if one.state == "running"
                 and one.service not in environment.release.services and repository_of(one.image) in ours)


def shown_image(image: str) -> str:
    """An image as people read it: of a tag that is a commit, or of a digest, the first 12 digits."""
    return _LONG_TAG.sub(r":\1", image)


def images_of(environment: Environment, release: Release) -> Mapping[str, str]:
    """The image of each service of a recorded release."""
    return release.images or {name: environment.release.image_of(name, release.commit)
                              for name in environment.release.services}


def lacking(environment: Environment, release: Release | None) -> frozenset[str]:
    """Services of the environment file's release that a recorded one has not: they came with a later one.

    By the images of its record; with colours, where each release has every service, none.
    """
    return frozenset(environment.release.services) - release.images.keys() if release and release.images \
        else frozenset()


def _short_id(container: Container) -> str:
    return container.image_id.removeprefix("sha256:")[:ID_DIGITS]


def _is_ours(environment: Environment, one: Container, images: Mapping[str, str],
             releases: tuple[Release, ...]) -> bool:
    recorded = (images_of(environment, release).get(one.service, "") for release in releases)
    return any(runs_image(one, image) for image in (images.get(one.service, ""), *recorded))


def _live(environment: Environment, api: Container | None, override: Override | None,
          releases: tuple[Release, ...]) -> Override | Release | None:
    """The release of the service that stands for it; without a container, what is to run there."""
    if override and (api is None or runs_image(api, override.images.get(environment.release.api, ""))):
        return override
    if api is None:
        return releases[-1] if releases else None
    return next((one for one in reversed(releases)
                 if runs_image(api, images_of(environment, one).get(environment.release.api, ""))), None)
