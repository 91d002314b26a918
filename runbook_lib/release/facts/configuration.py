"""A release's mounted configuration, validated in containers of the images that will read it, before it is used."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import yaml

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import CommandTimedOut, FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.environment import Environment
from runbook_lib.environment.yaml_limits import collection_key
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.release.facts.given_files import services_with_files, texts_of
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.facts.service_changes import ServiceChange, parse_changes
from runbook_lib.release.facts.validation_runs import ValidationRun, mounted, program_of, runs_of, unknown_services

VALIDATION_TIMEOUT_S = 240.0
# For a dry run of Compose alone: what the deployment would write. Without it none is made.
RELEASE_ENV = ".runbook/release.env"
LONGEST_MESSAGE = 1500  # characters of what a program prints about a fault
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


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
    """How the files of one service were taken by its program. `message` names file and line where there is a fault."""

    service: str
    image: str
    outcome: ValidationOutcome
    message: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValidatedConfiguration:
    """Every service that mounts files of the release. Of `not_validated` ones no program is known: name to sources.

    `changes` are what running services need to follow the release; nginx follows by the switch.
    """

    services: tuple[ValidatedService, ...] = ()
    not_validated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    changes: tuple[ServiceChange, ...] = ()

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
    mounts = {name: mounted(one) for name, one in services.items()}

    def fetch(connections: Connections) -> ValidatedConfiguration:
        if not commit or not (runs or own_files):
            return ValidatedConfiguration(as_they_are, unknown_services(services))
        text = _reply(connections, environment, commit, own_files, runs)
        validated, changes = parse_runs(text, runs, mounts), parse_changes(text, services)
        # its files are the same, but not how it is started with them: as new as a changed file
        recreated = {one.service for one in changes if one.how == "recreate"}
        more = tuple(one for one in needed if one not in runs and one.service in recreated)
        if more:
            files = {path: text for path, text in own_files.items() if path != RELEASE_ENV}
            validated += parse_runs(_reply(connections, environment, commit, files, more), more, mounts)
        kept = tuple(one for one in as_they_are if one.service not in recreated)
        return ValidatedConfiguration((*validated, *kept), unknown_services(services), changes)

    return Question("configuration of the release", fetch)


def _reply(connections: Connections, environment: Environment, commit: str, own_files: Mapping[str, str],
           runs: Iterable[ValidationRun]) -> str:
    words = [f"{path}={_encoded(text)}" for path, text in own_files.items()]
    words += ["--", *(_encoded("".join(f"{word}\0" for word in one.words)) for one in runs)]
    files = environment.compose.files
    argv = ("bash", "-s", "--", environment.server.directory, commit, environment.project, str(len(files)), *files,
            *words)
    program = programs.text("platform/whole_lines.sh", "platform/own_session.sh", "release/limited.sh",
                            "release/read_git.sh", "release/whole_tree.sh", "release/env_files.sh",
                            "release/configuration.sh")
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
        if known is None or order.index(one.outcome) > order.index(known.outcome):
            worst[one.service] = one
    return tuple(worst.values())


def _validated(run: ValidationRun, record: list[str], files: Mapping[str, str],
               mounts: list[tuple[str, str]]) -> ValidatedService:
    outcome, output = record[3], _decoded(record[5])
    if run.mode == "read":
        message = _unreadable(files)
        found = ValidationOutcome.FAILED if message else ValidationOutcome.PASSED
    else:
        found = ValidationOutcome(outcome)
        message = "" if found is ValidationOutcome.PASSED else explain(output, files, mounts)
    return ValidatedService(run.service, run.image, found, message, run.sources)


def explain(output: str, files: Mapping[str, str], mounts: list[tuple[str, str]]) -> str:
    """The lines that name the fault, with paths as they are in the release, and the line where the program has none."""
    text = _COLOURS.sub("", output)
    for source, target in sorted(mounts, key=lambda one: -len(one[1])):
        text = re.sub(rf"(?<![\w.-]){re.escape(target)}(?=[/:\s\"']|$)", source, text)
    lines = [line.strip() for line in lines_of(text) if line.strip()]
    telling = [line for line in lines if _TELLING.search(line)] or lines[-3:]
    places = [place for line in lines for place in _places(line, lines, files)]
    return head_of("; ".join(dict.fromkeys([*places, *telling[:4]])), LONGEST_MESSAGE)


_TELLING = re.compile(
    r"\[emerg\]|FATAL|\bFAILED\b|error|Error|>>>|[Bb]ad directive|parse|line \d+|unrecognized|invalid|unknown|"
    r"not found|cannot|can't|No such file|health check", re.ASCII)


def _places(line: str, lines: list[str], files: Mapping[str, str]) -> list[str]:
    """`file:line` for messages that lack one of the two: Redis names no file, PostgreSQL no line of a wrong value."""
    number = re.search(r"Reading the configuration file, at line (\d+)", line)
    quoted = next((one for one in lines if one.startswith(">>> ")), "")
    if number and quoted:
        wanted = quoted[4:].strip().strip("'")
        return [f"{path}:{place}" for path, text in files.items() for place, one in enumerate(lines_of(text), 1)
                if place == int(number[1]) and one.strip() == wanted]
    made = re.search(r"file=\S*/([\w.-]+) .*\bline (\d+)", line)
    if made:  # a copy that a start script makes, line by line
        return [f"{path}:{made[2]}" for path in files if path.rsplit("/", 1)[-1] == made[1]]
    value = re.search(r'(?:invalid value for|requires a[^"]*|for) parameter "([\w.]+)"', line)
    if value and " line " not in line:
        return [f"{path}:{place}" for path, text in files.items() for place, one in enumerate(lines_of(text), 1)
                if re.match(rf"\s*{re.escape(value[1])}\s*[=\s]", one)][-1:]
    return []


def _unreadable(files: Mapping[str, str]) -> str:
    """Where a provisioning file is not YAML, or a dashboard not JSON; JSON is a part of YAML, and stricter."""
    for path, text in sorted(files.items()):
        try:
            if path.endswith(".json"):
                read_json(text)
            elif path.endswith((".yml", ".yaml")):
                fault = collection_key(text)
                if fault:
                    return f"{path}: {fault}"
        except ValueError as error:
            return f"{path}:{getattr(error, 'lineno', 1)}: {getattr(error, 'msg', error)}"
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            return f"{path}:{line}: {error.problem or error.context}"
        except yaml.YAMLError as error:
            return f"{path}: {error}"
    return ""


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode("utf-8", "replace")
