"""Which tool migrates the database of an application that runs: by files on the server and tables of its PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from runbook_lib.adopting.migrations import NUMBERED, TEXTS, TOOLS, tools_in
from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import RunbookError
from runbook_lib.core.questions import Server
from runbook_lib.core.text import lines_of, printable

PROGRAM = ("platform/own_session.sh", "adopting/survey_migrations.sh")
UNKNOWN = "a tool of its own"
# what each tool keeps in the database, by the name that it has unless its owners chose another one
TABLES = {
    "alembic_version": "alembic", "django_migrations": "Django", "_prisma_migrations": "Prisma",
    "knex_migrations": "Knex", "ar_internal_metadata": "Rails", "flyway_schema_history": "Flyway",
    "goose_db_version": "goose", "_sqlx_migrations": "SQLx", "databasechangelog": "Liquibase",
    "schema_migrations": "Rails, golang-migrate, dbmate or Ecto", "migrations": "Laravel, TypeORM or another one",
}


def migrations_seen(server: Server, folder: str, project: str) -> tuple[str, ...]:
    """What shows who migrates, a phrase each as `Django, by manage.py in a container of web`. Nothing is changed.

    Empty where nothing was seen, or where it could not be asked: it is a help, and no draft fails for want of it.
    """
    argv = ("sh", "-c", programs.text(*PROGRAM), "migrations", folder, project, ",".join(TABLES),
            *(text.decode() for text in TEXTS))
    try:
        return parse_seen(server.run(Command(argv, timeout_s=300)).stdout)
    except RunbookError:
        return ()


def parse_seen(text: str) -> tuple[str, ...]:
    """The lines that `survey_migrations.sh` prints, as phrases; a line of another form says nothing."""
    names: dict[str, list[str]] = defaultdict(list)
    marks: set[tuple[str, str, bytes]] = set()
    tables: dict[str, list[str]] = defaultdict(list)
    place = ""
    for kind, first, rest in (_parts(line) for line in lines_of(text)):
        if kind == "place":
            place = first
        elif kind == "name" and first:
            names[place].append(first)
        elif kind == "mark" and first.isdecimal() and 0 < int(first) <= len(TEXTS):
            marks.add((place, rest, TEXTS[int(first) - 1]))
        elif kind == "table" and rest in TABLES:
            tables[first].append(rest)
    files, kept = _by_files(names, marks), _by_tables(tables)
    return tuple(f"{tool}, by {', '.join((*files.get(tool, ()), *kept.get(tool, ())))}" for tool in {**files, **kept})


def _parts(line: str) -> tuple[str, str, str]:
    kind, _, rest = line.partition("\t")
    first, _, last = rest.partition("\t")
    return kind, printable(first), printable(last)


def _by_files(names: dict[str, list[str]], marks: set[tuple[str, str, bytes]]) -> dict[str, list[str]]:
    """By tool: the first file of each, with the places where it lies."""
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for place, found in sorted(names.items()):
        def mentions(name: str, text: bytes, place: str = place) -> bool:
            return (place, name, text) in marks

        first = {one.tool: one.file for one in reversed(tools_in(found, mentions))}
        if not first and (plain := next((name for name in sorted(found) if NUMBERED.search(name)), "")):
            first = {UNKNOWN: plain}
        for tool, file in first.items():
            places[tool, file].append(f"in a container of {place}" if place else "in the folder")
    seen: dict[str, list[str]] = defaultdict(list)
    for (tool, file), where in sorted(places.items()):
        seen[tool].append(f"{file} {' and '.join(where)}")
    return seen


def _by_tables(tables: dict[str, list[str]]) -> dict[str, list[str]]:
    seen: dict[str, list[str]] = defaultdict(list)
    for service, found in sorted(tables.items()):
        for table in sorted(found):
            # Rails has both, and the second one only Rails
            if table != "schema_migrations" or "ar_internal_metadata" not in found:
                seen[TABLES[table]].append(f"the table {table} in {service}")
    return seen


def notes_of(seen: Iterable[str], *, without_postgres: bool) -> str:
    """A note for the draft's head."""
    phrases = tuple(seen)
    if not phrases:
        return (f"Migrations: neither a file of {', '.join(TOOLS[:-1])} or {TOOLS[-1]} was seen, in the folder or in a "
                f"container, nor one of the {len(TABLES)} tables that tools keep. Another tool with one file a "
                "migration: docs/how-to/adopt.md.")
    how = ("20 runs none without PostgreSQL: the application does when it starts, or one of release.jobs."
           if without_postgres else "Say in `migrations` who runs them, a step of 20 or the application when it starts "
           "(at_start); docs/how-to/adopt.md has the lines.")
    return f"Migrations: {'; '.join(phrases)}. {how}"
