"""`runbook adopt`: read a folder or a server, make the draft, and write it where nothing stands yet."""

from __future__ import annotations

import errno
import json
import os
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from runbook_lib.adopting.draft import draft_text, make_draft
from runbook_lib.adopting.given_secrets import variables_of_secrets
from runbook_lib.adopting.kinds import DATABASE, KEEPING_DATA, OLDEST_POSTGRES, kind_of, postgres_version
from runbook_lib.adopting.known import known_tree
from runbook_lib.adopting.lines import Tree, merged, values_of
from runbook_lib.adopting.migrations import TOOLS, find_migrations
from runbook_lib.adopting.project import (
    FoundProject,
    below,
    configs_of,
    contexts_of,
    idle_services,
    networks_of,
    services_of,
)
from runbook_lib.adopting.release import no_postgres
from runbook_lib.adopting.secret_names import SHORTEST, plain_names, secret_values
from runbook_lib.connections.local_compose import LocalProject, read_project, variable_values
from runbook_lib.core.errors import UsageError
from runbook_lib.core.text import pluralize
from runbook_lib.environment.drafts import todos_in
from runbook_lib.platform.facts.replaced_release import repository_of

NAME = re.compile(r"[a-z_][a-z0-9_.-]{0,62}")
# as far as notebooks go today on an application that was not made for them
# said before an hour goes into a file that can never be whole
NO_DATABASE = ("No PostgreSQL was found. Where a service runs it in an image of another name, give `database` "
               "(service, name, owner) in place of without.database; else say there what keeps the data: no runbook "
               "backs them up before a deployment, and 30, 31 and 32 are not for this environment.")
NEXT = "What each notebook lacks: runbook doctor -e NAME. Until 20 has deployed a release, 21 and 22 have none"


@dataclass(frozen=True)
class Adoption:
    """A draft as text, with the number of its TODOs; `has_postgres` is whether a PostgreSQL was found."""

    name: str
    text: str
    todos: int
    has_postgres: bool = True


def adopt_folder(path: Path | None, name: str = "", profiles: tuple[str, ...] = (),
                 env_files: tuple[str, ...] = ()) -> Adoption:
    """The draft for a folder with Compose files, or for one such file. Nothing in it is changed.

    `profiles` are active besides those of COMPOSE_PROFILES. `env_files` are what `--env-file` is given there; without
    them those of COMPOSE_ENV_FILES.
    Raises UsageError where there is no such folder or Compose refuses the files, DockerUnavailable.
    """
    # no path: a variable that is not set must not mean the folder in which the command happens to run
    if path is None or not path.exists():
        raise UsageError("There is no such folder or file.", where=str(path or "command line"),
                         next_step="Give the folder in which `docker compose up` is called.")
    # what this process has of it, Compose would read unasked
    env_files = env_files or tuple(filter(None, os.environ.get("COMPOSE_ENV_FILES", "").split(",")))
    values = {name: value for name, value in variable_values(path.absolute(), env_files).items() if name != "PWD"}
    secrets = secret_values(values)
    try:
        local = read_project(path.absolute(), profiles, env_files)
    except UsageError as error:
        raise _without(error, secrets) from None  # the first one has them
    given = variables_of_secrets(local.model, local.unresolved).values()
    # whatever such a variable is called
    secrets |= {values[one] for names in given for one in names if len(values.get(one, "")) >= SHORTEST}
    project = found_project(local)
    notes = list(_notes(local, project))
    return adoption(project, name or default_name(local.folder.name), notes, secrets=secrets)


def found_project(local: LocalProject) -> FoundProject:
    """What Compose said, as a project."""
    return FoundProject(
        # with several files Compose does not say which one a value is from
        source=local.files[0] if len(local.files) == 1 else "Compose",
        services=services_of(local.model, local.unresolved, str(local.folder)), networks=networks_of(local.model),
        idle=idle_services(local.model, local.unresolved),
        files=local.files, name=local.name, name_from=local.name_from,
        folder=str(local.folder), configs=configs_of(local.model),
        env_files=tuple(below(one, str(local.folder)) for one in local.env_files))


def _without(error: UsageError, secrets: Iterable[str]) -> UsageError:
    """The same refusal without secrets: Compose quotes what it cannot use, where it was filled in as well."""
    what = error.what
    # as it is, in quotes with what is escaped there, and with its spaces as the message has them
    shown = {form for value in secrets
             for form in (value, json.dumps(value, ensure_ascii=False)[1:-1], " ".join(value.split()))}
    for form in sorted(filter(None, shown), key=len, reverse=True):
        what = what.replace(form, "… (value not shown)")
    return UsageError(what, where=error.where, next_step=error.next_step)


def adoption(project: FoundProject, name: str, notes: Iterable[str], more: Tree | None = None,
             secrets: Iterable[str] = ()) -> Adoption:
    """The draft of a found project. `more` is known besides, over what the project says; `secrets` are values that no
    line may show, besides those of its variables.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is not a name for an environment.", where="command line",
                         next_step="Choose one with --name: small letters, digits, _ . -")
    hidden = set(secrets)
    public = {name, project.name, *project.services, *project.files}
    for one in project.services.values():
        hidden |= secret_values(one.variables)
        # what the project calls things is written in its Compose files, whatever password is the same word
        repository = repository_of(one.image)
        public |= {*plain_names(one.variables), *one.networks, repository, *repository.split("/"),
                   *(volume.source for volume in one.volumes if volume.named)}
    tree = make_draft(merged(known_tree(project, name), more or {}), name, secrets=hidden, public=public)
    todos = len(todos_in(values_of(tree)))
    unnamed = sorted(set(project.services) - set(tree["services"]))
    if unnamed:
        notes = (*notes, f"Left out, because its name begins with a sign, or is longer than 63: {', '.join(unnamed)}.")
    notes = (*notes, *_too_old(project))
    found = not no_postgres(project)
    if not found:
        notes = (*notes, NO_DATABASE)
    unsaved = _unsaved(project)
    if unsaved:
        # the draft is about the one database; a backup that passes must not be taken for all of the data
        notes = (*notes, f"30 Back up the database saves PostgreSQL alone, and nothing of {', '.join(unsaved)}.")
    head = (f"Draft of `runbook adopt`: {pluralize(todos, 'TODO')} left. No notebook runs before each is written; "
            "how: docs/how-to/adopt.md", *notes, NEXT)
    return Adoption(name, draft_text(tree, head), todos, found)


def _too_old(project: FoundProject) -> list[str]:
    found = [(one, postgres_version(one)) for one in project.services.values()]
    return [f"{one.name} runs PostgreSQL {major}. The runbooks know {OLDEST_POSTGRES} and newer: bring it forward "
            "first, by a dump into a newer one." for one, major in found if major and major < OLDEST_POSTGRES]


def _unsaved(project: FoundProject) -> list[str]:
    """What keeps data of another kind."""
    return [f"{one.name} ({kind.technology})" for one in project.services.values()
            if (kind := kind_of(one)) is not None and kind.purpose in KEEPING_DATA and kind is not DATABASE]


def default_name(folder: str) -> str:
    """An environment's name from a folder's; it names a file of ours, and nothing on a server."""
    # Büro is buro, as Compose's own name of a project drops the mark and not the letter
    plain = unicodedata.normalize("NFKD", folder.lower().replace("ß", "ss")).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9_.-]+", "-", plain).strip("-.")
    return name if NAME.fullmatch(name) else f"app-{name}".rstrip("-")[:63]


def write_draft(made: Adoption, path: Path) -> None:
    """Write a new file, whole or not at all. Raises UsageError where there is one: no environment file is replaced."""
    partial = path.with_name(f".{path.name}.{token_hex(4)}.partial")
    try:
        if os.path.lexists(path):  # a link that leads nowhere is one as well
            raise FileExistsError
        with partial.open("x", encoding="utf-8") as file:
            file.write(made.text)
            file.flush()
            os.fsync(file.fileno())
        _name(partial, path)
    except FileExistsError as error:
        kind = "folder" if path.is_dir() else "file"
        raise UsageError(f"There is a {kind} of that name already; it was not changed.", where=str(path),
                         next_step="Choose another name with --name, or another file with -o.") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in its name
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise UsageError(
            f"The draft cannot be written ({getattr(error, 'strerror', None) or error}). Nothing was left there.",
            where=str(path), next_step="Free space there, or name a file on another disk with -o." if full else
            "Name a file in a folder that this user may write with -o, or `-o -`.") from error
    finally:
        with suppress(OSError, ValueError):
            partial.unlink(missing_ok=True)


def _name(partial: Path, path: Path) -> None:
    """Give a whole file its name, unless another has it by now: a rename would replace that one."""
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:
        # a file system without links, as on a stick: the file is whole all the same
        if os.path.lexists(path):
            raise FileExistsError from None
        os.rename(partial, path)


def _notes(local: LocalProject, project: FoundProject) -> Iterable[str]:
    yield f"Read from {', '.join(local.files)} as Docker Compose resolves them; nothing was changed."
    if project.idle:
        yield (f"Left out, because their profiles are not active: {', '.join(sorted(project.idle))}. With them: "
               "--profile NAME, or COMPOSE_PROFILES as the server has it.")
    if local.unset:
        yield f"Variables without a value here, taken as empty by Compose: {', '.join(sorted(local.unset))}."
    once = [one.name for one in project.services.values() if one.runs_once]
    if once:
        yield (f"Runs once and ends: {', '.join(once)}. 20 does so too, before it replaces containers (release.jobs), "
               "as `docker compose up` does.")
    tools, none = find_migrations(local.folder, contexts_of(local.model)), no_postgres(project)
    for one in tools:
        yield f"Migrations: {one.tool}, by {one.file}. " + (
            # the file would be refused with `migrations`
            "20 runs none without PostgreSQL: the application does when it starts, or one of release.jobs." if none else
            "Say in `migrations` who runs them, a step of 20 or the application when it starts (at_start); "
            "docs/how-to/adopt.md has the lines.")
    if not (tools or none):
        yield (f"Migrations: no files of {', '.join(TOOLS[:-1])} or {TOOLS[-1]} were found. "
               "Another tool with one file a migration: docs/how-to/adopt.md.")
