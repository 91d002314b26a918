"""How a release brings the schema forward, where a release replaces the previous one's containers."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from runbook_lib.environment.release import ReleaseRules
from runbook_lib.environment.types import ComposeName, Line, StrictModel

# PostgreSQL's own words decide; this only keeps a command or a second statement from being taken for a SELECT
_SELECT = re.compile(r"(?i)\s*(select|with)\s[^;\\]*")
ALEMBIC_UPGRADE = ("alembic", "-x", "lock_timeout=5s", "upgrade", "head")

# the one name that has a part of the application in front
GROUPED = "{above}.{stem}"
NUMBERED = "{number}"


def _one_select(text: str) -> str:
    if not _SELECT.fullmatch(text):
        raise ValueError("should be one SELECT without ; and without backslashes")
    return text


def _pattern(text: str) -> str:
    if text.startswith("/") or ".." in text.split("/"):
        raise ValueError(f"should be a pattern below the repository such as */migrations/[0-9]*.py, got {text!r}")
    return text


FilePattern = Annotated[Line, AfterValidator(_pattern)]
TableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,125}$")]


class Migrations(StrictModel):
    """How a release brings the schema forward, with the strategy recreate; with two colours it is always alembic.

    `alembic`: the revisions that its settings name. `files`: one file a migration, as Django, Prisma and Rails have
    them: those of a release match a pattern of `files` (`*` goes across folders), and each is called by `name`:
    `{stem}` is its file without the ending, `{file}` the whole file, `{folder}` the folder that it lies in, `{above}`
    the one above that, `{number}` the number that the file begins with. Those that the database has are the one column
    of the SELECT `applied`; before the first one there is no `table`. With `newest_alone` that is the newest number, as
    golang-migrate keeps it, and every file up to it counts as applied. `baseline` is a SELECT of the version that the
    database had when the tool was introduced, as Flyway keeps it: the tool runs no file up to it. `unfinished` is a
    SELECT of what has begun and not ended well, for which the tool refuses to go on: nothing is deployed while it has a
    row.

    `upgrade` runs in a one-off container of the new image of `service` (else `release.api`), before containers are
    replaced; alembic has a command of its own. With `at_start` the application migrates when it starts, within the
    outage: no step does, and what is pending is named all the same.
    """

    tool: Literal["alembic", "files"] = "alembic"
    service: ComposeName | None = None
    at_start: bool = False
    upgrade: tuple[Line, ...] = ()
    files: Annotated[tuple[FilePattern, ...], Field(max_length=20)] = ()
    name: Literal["{stem}", "{file}", "{folder}", "{above}.{stem}", "{number}"] = "{stem}"
    table: TableName | None = None
    applied: Annotated[Line, AfterValidator(_one_select)] | None = None
    newest_alone: bool = False
    baseline: Annotated[Line, AfterValidator(_one_select)] | None = None
    unfinished: Annotated[Line, AfterValidator(_one_select)] | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """What a step runs; empty where the application migrates when it starts."""
        return () if self.at_start else self.upgrade or ALEMBIC_UPGRADE

    @model_validator(mode="after")
    def _is_whole(self) -> Migrations:
        if self.at_start and self.upgrade:
            raise ValueError("upgrade: no step runs it with at_start; leave one of them out")
        if self.newest_alone and self.name != NUMBERED:
            raise ValueError(f"newest_alone: needs the name {NUMBERED}: only numbers have a newest one")
        needed = {"files": bool(self.files), "table": self.table is not None, "applied": self.applied is not None}
        if self.tool == "alembic":
            given = {**needed, "newest_alone": self.newest_alone, "baseline": self.baseline is not None,
                     "unfinished": self.unfinished is not None}
            odd = [part for part, there in given.items() if there]
            if odd:
                raise ValueError(f"{odd[0]}: belongs to the tool files; alembic keeps its own")
            return self
        missing = [part for part, there in needed.items() if not there]
        if not (self.at_start or self.upgrade):
            missing.append("upgrade")
        if missing:
            raise ValueError(f"{missing[0]}: is missing; the tool files needs {', '.join(missing)}"
                             + ("" if self.at_start else ", or at_start where the application migrates itself"))
        return self


def migration_faults(migrations: Migrations | None, release: ReleaseRules, *, has_database: bool) -> list[str]:
    """What migrations and the rest of the file do not agree on, each with its path."""
    if not has_database and not release.replaced:
        return ["database: is missing; with the strategy blue-green every release migrates it. Without one: "
                "release.strategy recreate"]
    if migrations is None:
        return []
    if not has_database:
        return ["migrations: without.database says that there is nothing to migrate; leave one of them out"]
    if not release.replaced:
        return ["migrations: with the strategy blue-green they are alembic's, in the service release.api; leave the "
                "key out"]
    if migrations.service is not None and migrations.service not in release.services:
        return [f"migrations.service: {migrations.service} is not among release.services "
                f"({', '.join(release.services)}): its image would not be the release's"]
    return []
