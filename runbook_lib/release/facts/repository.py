"""The release that a git ref names, as the origin has it: commit, files, configuration, Compose's own reading.

Nothing of it changes the checkout. Objects it lacks are fetched into a folder of their own that is removed afterwards:
a fetch into the checkout, even under a private ref, would be a change that a read-only run must not make.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, cast

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import did_you_mean, head_of, lines_of, pluralize
from runbook_lib.environment import Environment
from runbook_lib.environment.compose import OURS
from runbook_lib.platform.facts.running_release import COMMIT
from runbook_lib.release.facts.checkout_errors import compose_error, key_without_line, unreachable
from runbook_lib.release.facts.compose_variables import placeholder_variables
from runbook_lib.release.facts.file_migrations import FileMigrations, file_migrations
from runbook_lib.release.facts.migrations import Migrations, parse_migrations
from runbook_lib.release.facts.missing_files import FILES_OF_THE_SERVER, missing_in_the_release, still_missing
from runbook_lib.release.facts.mounted_volumes import LiveVolume, MountedVolume, parse_live_volumes, parse_volumes
from runbook_lib.release.facts.networks import LiveNetwork, parse_networks
from runbook_lib.release.facts.overlaid_files import OverlaidFiles, overlaid_files
from runbook_lib.release.facts.ports import ServerPorts, parse_ports
from runbook_lib.release.facts.running_services import RunningService, parse_running

SURVEY_TIMEOUT_S = 240.0
_PROGRAM = tuple(f"release/{one}.sh" for one in (
    "read_git", "whole_tree", "env_files", "project_networks", "release_survey"))


@dataclass(frozen=True)
class ComposeConfig:
    """What `docker compose config` made of the release's file, all profiles active. By name, in Compose's own terms.

    `error` is the line of Compose's output that explains the failure; empty for a valid file. `missing_files` are named
    by `configs` or `secrets`, and not in the release; `server_files` lie outside of it. `project` begins default names.
    """

    valid: bool
    error: str
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    networks: dict[str, dict[str, Any]] = field(default_factory=dict)
    volumes: dict[str, dict[str, Any]] = field(default_factory=dict)
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing_files: tuple[str, ...] = ()
    server_files: tuple[str, ...] = ()
    project: str = ""


@dataclass(frozen=True)
class Commit:
    """A commit of the origin. `head` is what is checked out on the server now."""

    ref: str
    kind: Literal["tag", "branch", "commit"]
    commit: str
    version: str
    committed_at: datetime
    subject: str
    head: str | None


class Sources:
    """The release's small text files and links by path, and Compose's reading of them. A journal holds a summary."""

    def __init__(self, files: Mapping[str, str], compose: ComposeConfig | None,
                 links: Mapping[str, str] | None = None) -> None:
        self.files = dict(files)
        self.compose = compose
        self.links = dict(links or {})

    def __str__(self) -> str:
        valid = "absent" if self.compose is None else "valid" if self.compose.valid else "not valid"
        return f"{pluralize(len(self.files), 'file')} read; Compose file {valid}"


@dataclass(frozen=True)
class ReleaseTree:
    """A commit with what it would bring. `trees` maps a top-level folder to its git hash.

    `commit` is None when the ref names nothing, or two different things: `problem` explains which. `of_the_server` are
    paths that the release holds although the server keeps files of its own there. `ports`, `networks` and `volumes` are
    the server's now; None: not known. `not_in_checkout` are Compose files that the live release lacks;
    `not_in_release`: this one. `changed_on_server` differ from the live commit, and this release changes them, too.
    `configuration_folders` are those that services mount; the API's image is built from `api_folder`. Of the containers
    that run now: `running`, `overlaid` and `mounted`.
    """

    ref: str
    commit: Commit | None
    problem: str = ""
    trees: dict[str, str] = field(default_factory=dict)
    sources: Sources = field(default_factory=lambda: Sources({}, None))
    of_the_server: tuple[str, ...] = ()
    ports: ServerPorts | None = None
    networks: tuple[LiveNetwork, ...] = ()
    mounted: tuple[MountedVolume, ...] = ()
    volumes: tuple[LiveVolume, ...] = ()
    running: tuple[RunningService, ...] = ()
    overlaid: tuple[OverlaidFiles, ...] = ()
    not_in_checkout: tuple[str, ...] = ()
    not_in_release: tuple[str, ...] = ()
    no_migrations: str = ""  # why the environment has none
    changed_on_server: tuple[str, ...] = ()
    configuration_folders: tuple[str, ...] = ()
    api_folder: str = ""
    by_hand: bool = False  # releases are deployed by others: the application need not even be in git
    file_migrations: FileMigrations | None = None  # of a tool that has one file a migration
    # the services of the commit that is checked out, and the files that differ from it
    live_services: Mapping[str, Mapping[str, Any]] | None = None
    changed_files: tuple[str, ...] = ()
    submodules: tuple[str, ...] = ()  # folders on the server that are repositories of their own

    @property
    def configuration(self) -> dict[str, str]:
        """Git tree hash of each folder of mounted configuration."""
        return {name: self.trees[name] for name in self.configuration_folders if name in self.trees}

    @property
    def migrations(self) -> Migrations:
        """The release's migrations, read from their source; no code of the release is executed."""
        return parse_migrations(self.sources.files, self.api_folder)


def inspect_release(environment: Environment, ref: str) -> Question[ReleaseTree]:
    """The release that `ref` names at the origin: a tag, a branch, or a commit of at least seven digits.

    Raises FactUnreadable when there is no checkout or the origin does not answer. Source: `programs/release_survey.sh`.
    """
    variables = [f"{name}={value}" for name, value in placeholder_variables(environment).items()]
    files, where, by_hand = environment.compose.files, environment.server.directory, environment.release.replaced
    patterns = environment.migrations.files if environment.migrations else ()
    argv = ("bash", "-s", "--", where, ref, "own" if by_hand else "ours", str(len(files)), *files, str(len(patterns)),
            *patterns, *variables)
    program = environment.compose.assignments + programs.text("platform/whole_lines.sh", *_PROGRAM)
    ours = (OURS,) if by_hand else environment.compose.files_of_ours

    def fetch(connections: Connections) -> ReleaseTree:
        reply = connections.server.run(Command(argv, stdin=program, timeout_s=SURVEY_TIMEOUT_S))
        if by_hand and reply.stdout.startswith("no-checkout\t"):
            why = f"no git checkout in {where} can be read: {head_of(_decoded(reply.stdout.split()[1]), 300)}"
            return ReleaseTree(ref, None, why, by_hand=True)
        tree = parse_release(reply.stdout, ref, where=where, compose_files=files, ours=ours)
        tree = replace(tree, no_migrations=environment.without.get("migrations", ""), by_hand=by_hand,
                       configuration_folders=environment.compose.configuration,
                       api_folder=environment.release.folder_of(environment.release.api),
                       file_migrations=file_migrations(environment, reply.stdout, connections))
        return _with_answers_of_the_server(tree, environment, connections)

    return Question(f"release {ref}", fetch)


def _with_answers_of_the_server(tree: ReleaseTree, environment: Environment, connections: Connections) -> ReleaseTree:
    if (compose := tree.sources.compose) is None:
        return tree
    own, changed, where = tree.sources, tree.changed_files if tree.by_hand else None, environment.server.directory
    missing = still_missing(connections, compose.missing_files, compose.server_files, where, own.links, changed)
    return replace(tree, sources=Sources(own.files, replace(compose, missing_files=missing), own.links),
                   overlaid=overlaid_files(environment, compose.services, connections))


def parse_release(text: str, ref: str, *, where: str, compose_files: Iterable[str],
                  ours: Iterable[str] = FILES_OF_THE_SERVER) -> ReleaseTree:
    """The records that `release_survey.sh` prints, as a value. Raises FactUnreadable on anything else.

    `ours` are the files and folders at the top that a deployment keeps there itself.
    """
    try:
        return _read(text, ref, where, tuple(compose_files), frozenset(ours))
    except (ValueError, KeyError, IndexError) as cause:  # base64 raises a ValueError of its own
        what = f"The release {ref} could not be surveyed: the reply is not in the expected form."
        raise FactUnreadable(what, where=where, next_step="Try `git status` in that folder; then run again.") from cause


def _read(text: str, ref: str, where: str, compose_files: tuple[str, ...], ours: frozenset[str]) -> ReleaseTree:
    first, *_ = records = [line.split("\t") for line in lines_of(text)]
    if first[0] in ("unreachable", "no-checkout"):
        raise unreachable(first[0], _decoded(first[1]).strip(), where)
    if first[0] == "unknown":
        # a checkout names a branch origin/NAME
        near = did_you_mean(ref.removeprefix("origin/"), _decoded(first[1]).split())
        return ReleaseTree(ref, None, f"the origin has no tag, branch or commit of that name{near}")
    if first[0] == "ambiguous":
        return ReleaseTree(ref, None, f"a tag ({first[1][:12]}) and a branch ({first[2][:12]}) have that name")
    compose = [record for record in records if record[0] == "compose"]
    files, links = ({_decoded(record[1]): _decoded(record[2]) for record in records if record[0] == kind}
                    for kind in ("file", "link"))
    paths = {path.removeprefix("./") for record in records if record[0] == "paths"
             for path in _decoded(record[1]).split("\0")}
    return ReleaseTree(
        ref,
        _commit(ref, records),
        trees={record[3]: record[2] for record in records if record[0] == "tree" and record[1] == "tree"},
        sources=Sources(files, _compose(compose[0], paths, links, where,
                                        key_without_line(files, compose_files if compose[0][1] != "0" else ()))
                        if compose else None, links),
        of_the_server=tuple(record[3] for record in records
                            if record[0] == "tree" and record[3] in ours),
        ports=parse_ports(records),
        networks=parse_networks(records), mounted=parse_volumes(records), volumes=parse_live_volumes(records),
        running=parse_running(records),
        not_in_checkout=tuple(_decoded(record[2]) for record in records if record[:2] == ["absent", "checkout"]),
        changed_on_server=tuple(_decoded(record[1]) for record in records if record[0] == "local"),
        not_in_release=tuple(_decoded(record[2]) for record in records if record[:2] == ["absent", "release"]),
        live_services=next((read_json(_decoded(record[2]))["services"] for record in records
                            if record[:2] == ["compose-live", "0"]), None),
        changed_files=tuple(_decoded(record[1]) for record in records if record[0] == "changed"),
        submodules=tuple(_decoded(record[1]) for record in records if record[0] == "submodule"),
    )


def _commit(ref: str, records: Iterable[list[str]]) -> Commit:
    by_kind = {record[0]: record for record in records if record[0] in ("commit", "head", "version")}
    _, commit, kind, described = by_kind["commit"]
    time, _, subject = _decoded(described).rstrip("\n").partition("\t")
    if kind not in ("tag", "branch", "commit") or not COMMIT.fullmatch(commit):
        raise ValueError(f"{kind} {commit} is not a commit")
    version = ref if kind == "tag" else by_kind["version"][1]
    return Commit(ref, cast(Literal["tag", "branch", "commit"], kind), commit, version or commit[:12],
                  datetime.fromisoformat(time), subject, by_kind["head"][1] or None)


def _compose(record: list[str], paths: Collection[str], links: Mapping[str, str], where: str,
             key: str) -> ComposeConfig:
    _, status, config, error = record
    if status != "0":
        words = compose_error(_decoded(error))
        return ComposeConfig(False, f"{key} ({words})" if key else words)
    data = read_json(_decoded(config))
    parts = {name: data.get(name) or {} for name in ("networks", "volumes", "configs", "secrets")}
    named = [one["file"] for kind in ("configs", "secrets") for one in parts[kind].values() if one.get("file")]
    missing, of_the_server = missing_in_the_release(named, paths, links, where)
    return ComposeConfig(True, "", data["services"], missing_files=missing, server_files=of_the_server,
                         project=str(data.get("name") or ""), **parts)


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode("utf-8", "replace")
