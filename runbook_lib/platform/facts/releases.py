"""What is deployed now, by the server's own files: live colour, variables, images, and the release history."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from runbook_lib.core.commands import Command
from runbook_lib.core.engine import ENGINE_S, ask_engine
from runbook_lib.core.errors import FactUnreadable, PreconditionFailed
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import parse_assignments
from runbook_lib.environment import Environment
from runbook_lib.environment.services import COLOURS
from runbook_lib.platform.facts import by_hand
from runbook_lib.platform.facts.containers import Container, survey_containers
from runbook_lib.platform.facts.earlier_answers import ANSWERS, Unanswered, parse_answers
from runbook_lib.platform.facts.left_volumes import left_volumes, parse_first_undone
from runbook_lib.platform.facts.release_history import Release, parse_releases
from runbook_lib.platform.facts.replaced_release import OVERRIDE, ReplacedState, replaced_state
from runbook_lib.platform.facts.running_release import (
    env_file_of,
    foreign_services,
    parse_application_images,
    refuse_another_project,
    refuse_foreign,
    refuse_other_projects,
    running_release,
    served_commit,
    upstreams_file,
)

UPSTREAMS = ".runbook/upstreams/active.conf"
PRE_IMAGE = ".runbook/pre-image.json"
COLOUR_LINE = "# colour: "  # in nginx's upstream file, where its upstreams themselves do not say it


@dataclass(frozen=True)
class Deployed:
    """The state of the application on the server. None means that the file or checkout is not there yet.

    `lost` names files that are not there although containers are: their texts are made from what runs.
    `left_volumes` hold data and have no container; with `first_undone` a first deployment that never became live,
    and was undone, left them. `by_hand` are the running services of an application that no runbook has deployed, each
    with its image. `replaced` is what is live with the strategy recreate, which has no colours.
    `unanswered` has by commit the health endpoints that a release was not seen to answer. `engine_silent` is why the
    engine was not asked: then this is what the files say, and nothing else.
    """

    live_colour: str | None
    head: str | None
    env_text: str | None
    upstreams_text: str | None
    secrets_sha256: str | None
    images: frozenset[str]
    releases: tuple[Release, ...]
    lost: tuple[str, ...] = ()
    left_volumes: tuple[str, ...] = ()
    first_undone: bool = False
    by_hand: tuple[str, ...] = ()
    replaced: ReplacedState | None = None
    # a note for rollbacks, and no part of the state that must not move under a plan
    unanswered: Mapping[str, Unanswered] = field(default_factory=dict, hash=False, compare=False)
    engine_silent: str = ""

    @property
    def something_runs(self) -> bool:
        """Whether an application is there, by whoever it was started; where only the engine would know, it may be."""
        return (self.live_commit is not None or self.live_colour is not None or bool(self.by_hand)
                or bool(self.engine_silent))

    @property
    def recorded(self) -> Release | None:
        """The release that was recorded last; None where others have started what runs."""
        return self.releases[-1] if self.releases and not self.by_hand else None

    @property
    def variables(self) -> dict[str, str]:
        """The variables of the server's `compose.variables_file`."""
        return parse_assignments(self.env_text or "")

    @property
    def summary(self) -> dict[str, str]:
        """The state in words, for a table."""
        last = self.releases[-1] if self.releases else None
        if self.by_hand:
            return by_hand.summary(self.by_hand, self.head)
        return {
            "live": f"{self.live_version or 'nothing'} ({(self.live_commit or 'no commit')[:12]})",
            **({} if self.replaced else {"colour": self.live_colour or "none yet"}),
            "checked out": (self.head or "nothing")[:12],
            "last recorded": f"{last.version} ({last.commit[:12]}), {last.at:%Y-%m-%d %H:%M} UTC" if last
            else "nothing yet",
            "previous": self.releases[-2].version if len(self.releases) > 1 else "nothing",
            **({"lost, read from Docker": ", ".join(self.lost)} if self.lost else {}),
            **({"data without a container": ", ".join(self.left_volumes)} if self.left_volumes else {}),
            **({"read from files alone": self.engine_silent} if self.engine_silent else {}),
        }

    @property
    def live_commit(self) -> str | None:
        """The commit of the release that gets traffic; None before the first deployment."""
        if self.replaced:
            return self.replaced.commit
        if self.live_colour is None:
            return None
        return str(self.variables.get(f"{self.live_colour.upper()}_COMMIT", "")) or None

    @property
    def live_version(self) -> str | None:
        """The version label of the release that gets traffic."""
        if self.replaced:
            return self.replaced.version
        return str(self.variables.get(f"{self.live_colour.upper()}_VERSION", "")) or None if self.live_colour else None

    def live_release(self) -> Release:
        """The recorded release that has the traffic. Raises PreconditionFailed when it was never recorded."""
        named = [release for release in reversed(self.releases) if release.commit == self.live_commit]
        if named:
            # the same commit may be recorded twice: as it was found, and as it was built
            exact = (one for one in named if self.replaced and dict(one.images) == dict(self.replaced.images))
            return next(exact, named[0])
        if self.by_hand:
            raise by_hand.not_recorded(self.by_hand)
        raise PreconditionFailed(
            "the live release is not in the release history",
            where=f"live commit {self.live_commit or 'none'}, {len(self.releases)} recorded releases",
            next_step="Run 20 Deploy for the release that is to be live: it finishes what is missing.",
        )


def deployed_state(environment: Environment, engine_s: float = ENGINE_S) -> Question[Deployed]:
    """The deployed state. Raises FactUnreadable when a record on the server is damaged, and DockerUnavailable, also
    where the engine says nothing for `engine_s`.

    Source: `compose.variables_file`, the upstream file, release history and checkout on the server, Docker's images.
    """

    def fetch(connections: Connections) -> Deployed:
        found = by_files(environment, connections)
        listing = Command(("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"))
        images = ask_engine(connections.server.run, listing, engine_s)
        found = replace(found, images=parse_application_images(images.stdout, environment),
                        left_volumes=left_volumes(environment, connections))
        if found.left_volumes and not (found.releases or found.env_text or found.upstreams_text):
            undone = parse_first_undone(_text(environment, connections, PRE_IMAGE))
            found = replace(found, first_undone=undone)
        if environment.release.replaced:
            refuse_other_projects(environment, connections)
            return as_replaced(environment, connections, found, survey_containers(environment).fetch(connections))
        return found if found.upstreams_text and (found.env_text or "").strip() \
            else _by_what_runs(found, environment, connections)

    return Question("deployed state", fetch)


def by_files(environment: Environment, connections: Connections) -> Deployed:
    """As much of it as the server's own files say. Raises FactUnreadable, and PreconditionFailed where the folder is of
    another Compose project."""
    directory, server = environment.server.directory, connections.server
    head = server.run(Command(("git", "-C", directory, "rev-parse", "--verify", "HEAD"), accepts=(0, 128)))
    digest = server.run(Command(("sha256sum", f"{directory}/{environment.compose.secrets_file}"), accepts=(0, 1)))
    upstreams = _text(environment, connections, UPSTREAMS)
    env_text = _text(environment, connections, environment.compose.variables_file)
    refuse_another_project(environment, parse_assignments(env_text or ""))
    return Deployed(
        live_colour=parse_live_colour(upstreams, environment),
        head=head.stdout.strip() if head.exit_code == 0 else None,
        env_text=None if environment.release.replaced else env_text,  # with recreate the application's own
        upstreams_text=upstreams,
        secrets_sha256=digest.stdout.split()[0] if digest.exit_code == 0 else None,
        images=frozenset(),
        releases=parse_releases(_text(environment, connections, ".runbook/releases.jsonl") or ""),
        unanswered=parse_answers(_text(environment, connections, ANSWERS)),
    )


def _text(environment: Environment, connections: Connections, path: str) -> str | None:
    raw = connections.server.read(f"{environment.server.directory}/{path}")
    return None if raw is None else raw.decode("utf-8", "replace")


def as_replaced(environment: Environment, connections: Connections, found: Deployed,
                containers: tuple[Container, ...]) -> Deployed:
    """The same for the strategy recreate, where the images of the containers say what is live."""
    state = replaced_state(environment, _text(environment, connections, OVERRIDE), found.releases, containers)
    return replace(found, replaced=state, by_hand=state.by_hand)


def _by_what_runs(found: Deployed, environment: Environment, connections: Connections) -> Deployed:
    """The state where a file is lost, or was never written: what Docker shows takes its place.

    Raises PreconditionFailed for an application that no runbook has deployed, FactUnreadable where the colour that has
    the traffic is not known.
    """
    refuse_other_projects(environment, connections)
    containers = survey_containers(environment).fetch(connections)
    if not containers:
        return found
    refuse_foreign(environment, foreign_services(environment, containers))
    profiles = found.variables.get("COMPOSE_PROFILES", "").split(",")
    named = found.live_colour or next((one for one in COLOURS if one in profiles), None)
    served = served_commit(environment, connections)
    running = running_release(environment, containers, named_colour=named, served_commit=served)
    colour = found.live_colour or (running.colour if running else None)
    variables_file = environment.compose.variables_file
    lost = tuple(name for name, text in ((variables_file, found.env_text), (UPSTREAMS, found.upstreams_text))
                 if not (text or "").strip())
    versions = {release.commit: release.version for release in found.releases}
    env = env_file_of(environment, containers, colour, versions) if variables_file in lost else found.env_text
    upstreams = upstreams_file(environment, colour) if UPSTREAMS in lost and colour else found.upstreams_text
    return replace(found, live_colour=colour, env_text=env, upstreams_text=upstreams, lost=lost)


def parse_live_colour(upstreams: str | None, environment: Environment) -> str | None:
    """Which colour nginx's upstream file names; None without a file. Two colours in one file is an error."""
    if not upstreams:
        return None
    names, colour = "|".join(re.escape(name) for name in environment.release.services), f"({'|'.join(COLOURS)})"
    colours = set(re.findall(rf"\b(?:{names})-{colour}:", upstreams))
    colours |= set(re.findall(rf"^{COLOUR_LINE}{colour}$", upstreams, re.MULTILINE))
    if len(colours) != 1:
        raise FactUnreadable(
            f"nginx's upstream file names {len(colours)} colours, expected one",
            where=".runbook/upstreams/active.conf",
            next_step="Compare the file on the server with the release history: it shows which colour was live last.",
        )
    return str(colours.pop())
