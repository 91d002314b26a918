"""How Docker Compose is called: the project, its files, and where ours lie next to them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, StringConstraints

from runbook_lib.environment.services import COLOURS
from runbook_lib.environment.types import ComposeName, FileOfServer, Line, RelativePath, StrictModel

ENV, SECRETS = ".env", ".env.secrets"  # the first one Compose reads unasked
OURS = ".runbook"  # our own folder of the project's
# as Compose takes it; short enough for what is added to it: a host name in its networks has 63 characters at most
PROJECT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class Compose(StrictModel):
    """Docker Compose's project: containers, volumes, networks and schedules of the environment are named after it.

    `{name}` in it stands for the environment's name: an environment that extends another one gets a project of its own.
    A name that is not that of the project that runs names other, empty volumes. `files` are its Compose files below the
    server's directory, in this order, and no others are read: not an override file that Compose would find, either.
    `profiles` are active besides the live colour; one that is called like a service which this environment does without
    is not. With two colours a deployment writes `variables_file` (which colour has which commit) and `secrets_file`, in
    the project's folder or in `.runbook/` there. Where the first is not `.env`, the `.env` there is the application's
    own, may be tracked, and is read before ours. `env_files` are what its owners give with `--env-file`, in this order,
    the last one counts: then Compose reads the `.env` there only where it is one of them. `configuration` are folders
    of the repository that services mount: when one changes, so does its hash, which Compose gets as
    `<FOLDER>_CONFIG_HASH`; where a service carries it in `configuration_label`, it is read from there should the
    server's files be lost. `existing`: containers or data of this project must be on the server, so
    that a mistake in its name does not make another, empty database; false where a first deployment is meant. Source:
    Compose manual, project name; merge; profiles; CLI reference, --env-file.
    """

    project: Annotated[str, StringConstraints(pattern=r"^([a-z0-9_-]|\{name\})+$")]
    files: Annotated[tuple[RelativePath, ...], Field(min_length=1, max_length=20)]
    profiles: tuple[ComposeName, ...] = ()
    env_files: Annotated[tuple[FileOfServer, ...], Field(max_length=20)] = ()
    variables_file: RelativePath = ENV
    secrets_file: RelativePath = SECRETS
    configuration: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")], ...] = ()
    configuration_label: Line | None = None
    existing: bool = False

    def project_of(self, environment_name: str) -> str:
        """The project's name, filled in; may be one that Compose does not take."""
        return self.project.replace("{name}", environment_name)

    @property
    def files_of_ours(self) -> tuple[str, ...]:
        """What a deployment with two colours writes next to a release, and no release may bring."""
        inside = tuple(one for one in (self.variables_file, self.secrets_file) if "/" not in one)
        return (*inside, OURS)

    @property
    def assignments(self) -> str:
        """Where both files lie, as the first line of a shell program. A path of these signs needs no quotes."""
        return (f"variables_file={self.variables_file} secrets_file={self.secrets_file} "
                f"env_files=({' '.join(self.env_files)})\n")

    @property
    def has_own_env(self) -> bool:
        """Whether the `.env` of the project's folder is the application's own, also with two colours."""
        return self.variables_file != ENV

    @property
    def env_words(self) -> tuple[str, ...]:
        """`env_files` as words of a command that is called in the project's folder."""
        return tuple(word for name in self.env_files for word in ("--env-file", name))

    @property
    def own_variables(self) -> str:
        """Where the application's own variables stand, for people: e.g. `.env`, or `.env, prod.env`."""
        return ", ".join(self.env_files) or ENV

    @property
    def shown_files(self) -> str:
        """The files for people, e.g. `compose.yml, compose.staging.yml`."""
        return ", ".join(self.files)


def compose_faults(compose: Compose, environment: str, *, replaced: bool) -> list[str]:
    """What Compose would not take, and files of ours that would be in the way of others, by path."""
    # which colour is active is the release's affair: one that stood here would always be started
    wrong = [f"compose.profiles: {name} is a colour of the release, and is active when that has the traffic"
             for name in compose.profiles if name in COLOURS]
    wrong += [f"compose.{key}: {name} is named twice"
              for key, names in (("files", compose.files), ("env_files", compose.env_files))
              for name in dict.fromkeys(names) if names.count(name) > 1]
    project = compose.project_of(environment)
    if not PROJECT_NAME.fullmatch(project):
        wrong.append(f"compose.project: Compose does not take {project!r} as a name: at most 40 lower-case letters, "
                     "digits, - and _, the first one a letter or digit")
    ours = {"compose.variables_file": compose.variables_file, "compose.secrets_file": compose.secrets_file}
    if replaced:
        return wrong + [f"{key}: with release.strategy recreate no such file is written; the application's own .env is "
                        "read" for key, path in ours.items() if path not in (ENV, SECRETS)]
    wrong += [f"compose.env_files: {path} is {key}, which a deployment writes, and is read last anyway"
              for key, path in ours.items() if path in compose.env_files]
    return wrong + [fault for key, path in ours.items() for fault in _misplaced(key, path, compose)]


def _misplaced(key: str, path: str, compose: Compose) -> list[str]:
    folder, _, name = path.rpartition("/")
    if folder not in ("", OURS) or not name:
        return [f"{key}: {path} is neither in the project's folder itself nor in {OURS}/"]
    if folder == OURS and not name.endswith(".env"):
        return [f"{key}: {path} could be a file that runs keep there; let its name end in .env, as in "
                f"{OURS}/{key.partition('.')[2].removesuffix('_file')}.env"]
    if path in compose.files:
        return [f"{key}: {path} is one of compose.files, and would be overwritten"]
    if key == "compose.variables_file":
        return []
    if path == compose.variables_file:
        return [f"{key}: {path} is compose.variables_file too, which anybody may read"]
    return [f"{key}: .env is the application's own file where compose.variables_file is another one; name one of ours, "
            "as in .runbook/secrets.env"] if path == ENV else []
