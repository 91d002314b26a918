"""Migrations that are one file each (Django, Prisma, Rails): those of a release, and those that the database has."""

from __future__ import annotations

import base64
import posixpath
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from runbook_lib.core.errors import FactUnreadable, RunbookError
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment
from runbook_lib.environment.migrations import GROUPED, Migrations

RECORD = "migration"
# 0007_region, 20240101_init.js, V12__orders.sql; behind a part of the application, if it has one
_LEADING = re.compile(r"V?(\d+)(?!\d)")
_FLYWAY = re.compile(r"V(\d+(?:[._]\d+)*)__")
# Django names it after the first and the last one
_SQUASHED = re.compile(r"(?:^|\.)(\d+)\w*_squashed_(\d+)")


@dataclass(frozen=True)
class FileMigrations:
    """The names of a release's migrations, in the order of their files, and those that the database has.

    `applied` None: the database could not be asked, and `problem` says why. `at_start`: the application runs them.
    `shared`: names that several files have, of which a pending one would count as applied. `grouped`: what a name has
    before its dot is the part of the application that it belongs to. `unfinished`: begun, and not ended. `jobs`: what
    runs once before containers are replaced, and may be what migrates.
    """

    of_release: tuple[str, ...]
    applied: frozenset[str] | None
    problem: str = ""
    at_start: bool = False
    shared: tuple[str, ...] = ()
    grouped: bool = True
    unfinished: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()

    @property
    def pending(self) -> tuple[str, ...] | None:
        """What the release has and the database has not; None where the database could not be asked."""
        return None if self.applied is None else tuple(one for one in self.of_release if one not in self.applied)

    @property
    def newer(self) -> tuple[str, ...]:
        """What the database has and the release has not, of the parts that the release has migrations of at all.

        A framework's own migrations (Django's auth) have no file in the repository, and are not newer than it; nor is
        what was taken away once all had it: what is older than each file that is left, and what was squashed into one.
        """
        ours: dict[str, list[str]] = {}
        for one in self.of_release:
            ours.setdefault(self._part(one), []).append(one)
        return tuple(sorted(one for one in self.applied or () if one not in self.of_release
                            and self._part(one) in ours and not _taken_away(one, ours[self._part(one)])))

    def _part(self, name: str) -> str:
        return name.rpartition(".")[0] if self.grouped else ""


def file_migrations(environment: Environment, survey: str, connections: Connections) -> FileMigrations | None:
    """The migrations among the records of `release_survey.sh`, compared with the database.

    None where the environment has no such tool. A database that does not answer is a problem, and no error.
    """
    rules = environment.migrations
    if rules is None or rules.tool != "files":
        return None
    paths = [base64.b64decode(fields[1], validate=True).decode("utf-8", "replace")
             for fields in (line.split("\t") for line in lines_of(survey)) if fields[0] == RECORD]
    each = names_of(rules, paths)
    names = tuple(dict.fromkeys(each))
    shared = tuple(one for one, count in Counter(each).items() if count > 1)
    # elsewhere a dot is that of a file's ending
    grouped = rules.name == GROUPED
    known = FileMigrations(names, None, at_start=rules.at_start, shared=shared, grouped=grouped,
                           jobs=tuple(environment.release.jobs))
    try:
        begun = unfinished_migrations(environment).fetch(connections)
        applied = applied_migrations(environment, names).fetch(connections)
        return replace(known, applied=applied, unfinished=tuple(sorted(begun)))
    except RunbookError as error:
        return replace(known, problem=error.what)


def names_of(rules: Migrations, paths: Iterable[str]) -> tuple[str, ...]:
    """What the tool calls the migration at each of these paths, in the order of the paths."""
    found = []
    for path in sorted(paths):
        above, file = posixpath.split(path)
        stem, digits = posixpath.splitext(file)[0], re.match(r"[0-9]+", file)
        # tools keep it as a number: 0001 is 1 there. A file without one stays what it is, and no database has it
        places = {"file": file, "stem": stem, "number": str(int(digits[0])) if digits else stem,
                  "folder": posixpath.basename(above), "above": posixpath.basename(posixpath.dirname(above))}
        found.append(rules.name.format(**places))
    return tuple(found)


def applied_migrations(environment: Environment, of_release: tuple[str, ...] = ()) -> Question[frozenset[str]]:
    """The names that the tool's table has; none before the first migration. Raises FactUnreadable.

    Where it has the newest number alone: those `of_release` up to it, and itself where it is newer than all of them.
    Those up to a baseline, which the tool never runs, count as well. What has begun and not ended is not applied.
    """
    rules = environment.migrations

    def fetch(connections: Connections) -> frozenset[str]:
        if rules is None or rules.table is None:
            raise FactUnreadable("The environment names no table of applied migrations.",
                                 next_step="Give migrations.table and migrations.applied in the environment file.")
        applied = _names(rules, rules.applied, connections)
        applied = _up_to_the_newest(applied, of_release) if rules.newest_alone else applied
        applied |= _up_to_a_baseline(_names(rules, rules.baseline, connections), of_release)
        return applied - _names(rules, rules.unfinished, connections)

    return Question("applied migrations", fetch)


def unfinished_migrations(environment: Environment) -> Question[frozenset[str]]:
    """What has begun and not ended well, by the environment's own SELECT; nothing without one."""
    rules = environment.migrations
    return Question("unfinished migrations", lambda connections: _names(rules, rules.unfinished, connections)
                    if rules else frozenset())


def _names(rules: Migrations, select: str | None, connections: Connections) -> frozenset[str]:
    """The one column of a SELECT; nothing where there is none, or no table of the tool's yet."""
    if select is None or rules.table is None:
        return frozenset()
    quoted = ".".join(f'"{part}"' for part in rules.table.split("."))
    there, = connections.database.rows(f"SELECT to_regclass('{quoted}') IS NOT NULL AS there")
    if not there["there"]:
        return frozenset()
    rows = connections.database.rows(f"SELECT a.name::text AS name FROM (\n{select}\n) AS a(name)")
    return frozenset(str(one["name"]) for one in rows)


def _up_to_the_newest(found: frozenset[str], of_release: tuple[str, ...]) -> frozenset[str]:
    newest = max((int(one) for one in found if one.isdecimal()), default=None)
    if newest is None:
        return frozenset()
    numbers = [int(one) for one in of_release if one.isdecimal()]
    return frozenset(str(one) for one in numbers if one <= newest) | (
        {str(newest)} if newest > max(numbers, default=-1) else set())


def _up_to_a_baseline(found: frozenset[str], of_release: tuple[str, ...]) -> frozenset[str]:
    baselines = [version for one in found if (version := _version(f"V{one}__"))]
    return frozenset(one for one in of_release if baselines and (version := _version(one))
                     and version <= max(baselines))


def applied_if_known(environment: Environment, of_release: tuple[str, ...] = ()) -> Question[frozenset[str] | None]:
    """The same; None where the database could not be asked."""

    def fetch(connections: Connections) -> frozenset[str] | None:
        try:
            return applied_migrations(environment, of_release).fetch(connections)
        except RunbookError:
            return None

    return Question("applied migrations, if known", fetch)


def _taken_away(name: str, left: Iterable[str]) -> bool:
    """Whether its number is below that of each file left, or within those that one of them was squashed from."""
    number = _number(name)
    if number is None:
        return False
    numbers = [found for one in left if (found := _number(one)) is not None]
    spans = (_SQUASHED.search(one) for one in left)
    return number < min(numbers, default=0) or any(int(one[1]) <= number <= int(one[2]) for one in spans if one)


def _version(name: str) -> tuple[int, ...]:
    """A version of several numbers, as V1_2__orders.sql has it: 1.2, and 1.2.0 is the same. Empty for none."""
    written = _FLYWAY.match(name)
    numbers = [int(one) for one in re.split("[._]", written[1])] if written else [number] if (
        number := _number(name)) is not None else []
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _number(name: str) -> int | None:
    found = _LEADING.match(name) or _LEADING.match(name.rpartition(".")[2])
    return int(found[1]) if found else None
