"""Which tool migrates the database, by the files of a folder. They are read as names and text; nothing is executed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MOST_FILES = 20_000  # files of a checkout that are seen; what lies deeper is found by its owner
DEEPEST = 6  # folders below the project's own
_LEFT_OUT = {"node_modules", "site-packages", "vendor", "dist", "build", "__pycache__"}
# tools that are known by where their migrations lie
_BY_MIGRATIONS = {"Rails": re.compile(r"(?:^|/)db/migrate/\d+_[^/]*\.rb$"),
                  "Laravel": re.compile(r"(?:^|/)database/migrations/\d[^/]*\.php$"),
                  "Flyway": re.compile(r"(?:^|/)db/migration/(?:[^/]+/)?V[^/]*__[^/]*\.sql$"),
                  "Ecto": re.compile(r"(?:^|/)priv/[^/]*repo/migrations/\d+_[^/]*\.exs$")}
# those of plain SQL are known by what their files hold, or by what the project's own list of parts names
_UP, NUMBERED = re.compile(r"(?:^|/)\d+_[^/]*\.up\.sql$"), re.compile(r"(?:^|/)\d+_[^/]*\.sql$")
_BY_TEXT = {"goose": b"-- +goose Up", "dbmate": b"-- migrate:up"}
_BY_PARTS = {"golang-migrate": ("go.mod", b"golang-migrate/migrate"), "SQLx": ("Cargo.toml", b"sqlx")}
ALEMBIC_PART = b"[tool.alembic]"
TEXTS = (*_BY_TEXT.values(), *(text for _, text in _BY_PARTS.values()), ALEMBIC_PART)  # looked for in files
Mentions = Callable[[str, bytes], bool]
LIKE_GOLANG = "golang-migrate, or another one of its form"
TOOLS = ("alembic", "Django", "Prisma", "Knex", *_BY_MIGRATIONS, "golang-migrate", "goose", "dbmate", "SQLx")


@dataclass(frozen=True)
class MigrationTool:
    """One tool and the file that shows it, below the project's folder."""

    tool: str
    file: str


def find_migrations(folder: Path, contexts: Iterable[str] = ()) -> tuple[MigrationTool, ...]:
    """The migration tools that a folder's files speak of; empty where there are none.

    `contexts` are what images are built from: a Compose file may lie in a folder below the code, or next to it.
    """
    outside = [Path(one) for one in contexts if not Path(one).is_relative_to(folder)]
    # the widest one has the others in it
    tops = [one for one in outside if not any(one != other and one.is_relative_to(other) for other in outside)]
    inside = [] if any(folder.is_relative_to(top) for top in tops) else [folder]
    return tuple(dict.fromkeys(found for top in (*inside, *tops) for found in _found_below(top)))


def _found_below(folder: Path) -> tuple[MigrationTool, ...]:
    files = dict(_files(folder))
    return tools_in(files, lambda name, text: _mentions(files[name], text))


def tools_in(files: Iterable[str], mentions: Mentions) -> tuple[MigrationTool, ...]:
    """The tools that names of files below one folder speak of; `mentions` says whether a file has a text."""
    names = set(files)
    found, shown = [], _first_of_each(names) | _in_sql(names, mentions)
    for name in sorted(names, key=lambda one: one.split("/")):
        above, last = os.path.dirname(name), os.path.basename(name)
        if last == "alembic.ini":
            found.append(MigrationTool("alembic", name))
        elif last == "manage.py" and any(_is_migration(one, above) for one in names):
            found.append(MigrationTool("Django", name))
        elif last == "schema.prisma" and any(one.startswith(f"{above}/migrations/") and one.endswith("/migration.sql")
                                             for one in names):
            found.append(MigrationTool("Prisma", name))
        elif last in ("knexfile.js", "knexfile.ts", "knexfile.mjs", "knexfile.cjs"):
            found.append(MigrationTool("Knex", name))
        elif name in shown:
            found.append(MigrationTool(shown[name], name))
        elif last == "pyproject.toml" and mentions(name, ALEMBIC_PART):
            found.append(MigrationTool("alembic", name))
    return tuple(found)


def _first_of_each(names: Iterable[str]) -> dict[str, str]:
    """The first migration of each folder of a tool that has no settings of its own, with the tool."""
    first: dict[tuple[str, str], str] = {}
    for name in sorted(names):
        for tool, one in _BY_MIGRATIONS.items():
            if one.search(name):
                first.setdefault((tool, os.path.dirname(name)), name)
    return {name: tool for (tool, _), name in first.items()}


def _in_sql(names: Iterable[str], mentions: Mentions) -> dict[str, str]:
    """The first migration in SQL of each folder of a tool that is known by it, with the tool."""
    first: dict[str, str] = {}
    for name in sorted(names):
        if NUMBERED.search(name) and not name.endswith(".down.sql"):
            first.setdefault(os.path.dirname(name), name)
    parts = [tool for tool, (file, text) in _BY_PARTS.items()
             if first and any(os.path.basename(name) == file and mentions(name, text) for name in names)]
    found = {}
    for name in first.values():
        written = [tool for tool, text in _BY_TEXT.items() if mentions(name, text)]
        if written or _UP.search(name) or "SQLx" in parts:
            found[name] = (written or parts or [LIKE_GOLANG])[0]
    return found


def _is_migration(name: str, above: str) -> bool:
    parts = name.split("/")
    return (name.startswith(f"{above}/" if above else "") and len(parts) > 2 and parts[-2] == "migrations"
            and parts[-1].endswith(".py") and parts[-1][:1].isdigit())


def _mentions(path: Path, text: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return text in file.read(200_000)
    except OSError:
        return False


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Names below the folder and their paths. Links are not followed: they may lead round in a circle."""
    seen = 0
    for above, folders, files in os.walk(folder, onerror=lambda error: None):
        depth = len(Path(above).relative_to(folder).parts)
        folders[:] = sorted(one for one in folders if one not in _LEFT_OUT and not one.startswith(".")
                            and depth < DEEPEST)
        for file in files:
            seen += 1
            if seen > MOST_FILES:
                return
            path = Path(above, file)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(folder).as_posix(), path
