"""A release's mounted configuration, validated in containers of the images that will read it, before it is used."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import CommandTimedOut, FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.release.facts.configuration_faults import explain, unreadable
from runbook_lib.release.facts.given_files import services_with_files, texts_of
from runbook_lib.release.facts.proxy_directives import Proxy, parse_proxies
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.facts.service_changes import ServiceChange, parse_changes
from runbook_lib.release.facts.validation_runs import ValidationRun, mounted, program_of, runs_of, unknown_services

VALIDATION_TIMEOUT_S = 240.0
# For a dry run of Compose alone: what the deployment would write. Without it none is made.
RELEASE_ENV = ".runbook/release.env"


class ValidationOutcome(StrEnum):
    """What a run came to, as `configuration.sh` prints it. ERROR: the run itself could not be made.

    UNCHANGED: none was made, because the live service runs healthily with the same files and image.
    """

    PASSED = "passed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    NO_IMAGE = "no-image"
    ERROR = "error"


@dataclass(frozen=True)
class ValidatedService:
    """How the files of one service were taken by its program. `message` names file and line where there is a fault.

    `only_read`: no program took them, as where the service is declared absent; they are YAML and JSON that can be read.
    """

    service: str
    image: str
    outcome: ValidationOutcome
    message: str = ""
    sources: tuple[str, ...] = ()
    only_read: bool = False


@dataclass(frozen=True)
class ValidatedConfiguration:
    """Every service that mounts files of the release. Of `not_validated` ones no program is known: name to sources.

    `changes` are what running services need to follow the release, the proxy among them where Compose would make it
    anew. None: it was not asked. `compared` are those whose settings differ from the live ones, asked or not.
    """

    services: tuple[ValidatedService, ...] = ()
    not_validated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    changes: tuple[ServiceChange, ...] | None = None
    proxies: tuple[Proxy, ...] = ()
    compared: tuple[ServiceChange, ...] = ()

    @property
    def missing_images(self) -> tuple[str, ...]:
        """Images that the release needs for its runs and the server does not have yet."""
        return tuple(sorted({one.image for one in self.services if one.outcome is ValidationOutcome.NO_IMAGE}))


def validated_configuration(environment: Environment, tree: ReleaseTree, own_files: Mapping[str, str],
                        unchanged: Iterable[str] = ()) -> Question[ValidatedConfiguration]:
    """The release's configuration, validated on the server; takes seconds and changes nothing.

    `own_files` are the files below `.runbook/` that a deployment writes next to the release's, by path; `unchanged`
    services are left out. Raises FactUnreadable when the reply has not the expected form. Source:
    `programs/configuration.sh`.
    """
    services = services_with_files(tree.sources.compose)
    own_files = {**own_files, **texts_of(tree.sources.compose)}
    needed = runs_of(services, environment.absent_services)
    runs = tuple(one for one in needed if one.service not in unchanged)
    as_they_are = tuple(ValidatedService(one.service, one.image, ValidationOutcome.UNCHANGED, sources=one.sources)
                        for one in {one.service: one for one in needed if one not in runs}.values())
    commit = tree.commit.commit if tree.commit else ""
    # what Compose refuses is a finding of its own, and nothing is started from it
    readable = tree.sources.compose is not None and tree.sources.compose.valid
    mounts = {name: mounted(one) for name, one in services.items()}

    def fetch(connections: Connections) -> ValidatedConfiguration:
        if not commit or not readable or not (runs or own_files):
            return ValidatedConfiguration(as_they_are, unknown_services(services))
        text = _reply(connections, environment, commit, own_files, runs)
        validated, found = parse_runs(text, runs, mounts), parse_changes(text, services)
        # its files are the same, but not how it is started with them: as new as a changed file
        recreated = {one.service for one in found if one.how == "recreate"}
        more = tuple(one for one in needed if one not in runs and one.service in recreated)
        if more:
            files = {path: text for path, text in own_files.items() if path != RELEASE_ENV}
            validated += parse_runs(_reply(connections, environment, commit, files, more), more, mounts)
        kept = tuple(one for one in as_they_are if one.service not in recreated)
        return ValidatedConfiguration((*validated, *kept), unknown_services(services),
                                      found if RELEASE_ENV in own_files else None, parse_proxies(text), found)

    return Question("configuration of the release", fetch)


def _reply(connections: Connections, environment: Environment, commit: str, own_files: Mapping[str, str],
           runs: Iterable[ValidationRun]) -> str:
    words = [f"{path}={_encoded(text)}" for path, text in own_files.items()]
    words += ["--", *(_encoded("".join(f"{word}\0" for word in one.words)) for one in runs)]
    files = environment.compose.files
    argv = ("bash", "-s", "--", environment.server.directory, commit, environment.project, str(len(files)), *files,
            *words)
    program = environment.compose.assignments + programs.text(
        "platform/whole_lines.sh", "platform/own_session.sh", "release/limited.sh", "release/read_git.sh",
        "release/whole_tree.sh", "release/env_files.sh", "release/proxy_directives.sh", "release/configuration.sh")
    try:
        return connections.server.run(Command(argv, stdin=program, timeout_s=VALIDATION_TIMEOUT_S)).stdout
    except CommandTimedOut as cause:
        # a rollback asks this too, and must go on without the answer when the engine is slow or hangs
        raise FactUnreadable("The release's configuration could not be validated in time.",
                             where=environment.server.address,
                             next_step="Check `docker info` and the load of the server, then run again.") from cause


def unchanged_services(environment: Environment, tree: ReleaseTree, deployed: Deployed,
                       containers: Iterable[Container]) -> frozenset[str]:
    """Services that run healthily with the very files and image that the release gives them.

    Never nginx: it reads certificates too, which no release holds. None where the last deployment was interrupted:
    `.env` then names files that no service has read.
    """
    last = deployed.releases[-1].commit if deployed.releases else None
    if last is None or not last == deployed.live_commit == deployed.head:
        return frozenset()
    variables, services = deployed.variables, services_with_files(tree.sources.compose)
    if any(variables.get(name) != image for name, image in environment.images.items()):
        return frozenset()
    healthy = {one.service for one in containers if one.is_healthy}
    folders = {name: {source.split("/")[0] for source, _ in mounted(one)} for name, one in services.items()
               if name in healthy and program_of(name, one) not in (None, "nginx")}
    return frozenset(name for name, needed in folders.items() if needed and all(
        tree.trees.get(one) and tree.trees[one] == variables.get(f"{one.upper()}_CONFIG_HASH") for one in needed))


def parse_runs(text: str, runs: tuple[ValidationRun, ...],
                 mounts: Mapping[str, list[tuple[str, str]]]) -> tuple[ValidatedService, ...]:
    """What `configuration.sh` printed, one entry a service: the worst of its runs. Raises FactUnreadable."""
    records = [line.split("\t") for line in lines_of(text)]
    try:
        results = [record for record in records if record[0] == "run"]
        files = {(record[1], _decoded(record[2])): _decoded(record[3]) for record in records if record[0] == "file"}
        if [record[1:3] for record in results] != [[one.service, one.mode] for one in runs]:
            raise ValueError("a run has no result")
        validated = [
            _validated(one, record, {path: text for (name, path), text in files.items() if name == one.service},
                       mounts.get(one.service, []))
            for one, record in zip(runs, results, strict=True)
        ]
    except (ValueError, IndexError, binascii.Error) as cause:
        raise FactUnreadable("The release's configuration could not be validated: the reply is not as expected.",
                             where="Docker on the server",
                             next_step="Run the notebook again; if it fails again, check `docker info` on the server.",
                             ) from cause
    worst: dict[str, ValidatedService] = {}
    order = [ValidationOutcome.PASSED, ValidationOutcome.NO_IMAGE, ValidationOutcome.ERROR, ValidationOutcome.FAILED]
    for one in validated:
        known = worst.get(one.service)
        # the word of the program itself counts more than its text read back, which comes first
        if known is None or order.index(one.outcome) >= order.index(known.outcome):
            worst[one.service] = one
    return tuple(worst.values())


def _validated(run: ValidationRun, record: list[str], files: Mapping[str, str],
               mounts: list[tuple[str, str]]) -> ValidatedService:
    outcome, output = record[3], _decoded(record[5])
    if run.mode == "read":
        message = unreadable(files)
        found = ValidationOutcome.FAILED if message else ValidationOutcome.PASSED
    else:
        found = ValidationOutcome(outcome)
        message = "" if found is ValidationOutcome.PASSED else explain(output, files, mounts)
    return ValidatedService(run.service, run.image, found, message, run.sources, run.mode == "read")


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode("utf-8", "replace")
