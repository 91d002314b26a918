"""The code that serves now, on the schema that a release would leave: tried before the live database is touched.

The live backend's image, settings included, runs on a copy of the live schema without a network. A synthetic user goes
through the application; the release's migrations run on the copy; the user comes again. The first visit is the control:
code that does not work on its own schema there says nothing about the migration.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Literal

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question, Server
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.container_http import ContainerHttp
from runbook_lib.platform.facts.smoke_test import UserFlow, smoke_test_over
from runbook_lib.release.facts.migration_rehearsal import PROJECT

START_TIMEOUT_S, MIGRATE_TIMEOUT_S = 240.0, 330.0
COPY = re.compile(r"runbook-schema-copy-[0-9]+-[0-9]+")
Stage = Literal["prepare", "control", "migrate", "visit"]


@dataclass(frozen=True)
class Compatibility:
    """Whether the live code works on the new schema; None when that could not be tried.

    `stage` is the last thing that was done: `prepare` the copy, `control` visit, `migrate`, `visit` on the new schema.
    `flow` is the last visit; `first_fault` what the first visit after the migration met when the second was clean.
    """

    compatible: bool | None
    stage: Stage
    message: str = ""
    before: str | None = None
    after: str | None = None
    flow: UserFlow | None = None
    first_fault: str = ""


def compatibility_of(environment: Environment, commit: str, live_colour: str) -> Question[Compatibility]:
    """The live colour's code before and after the migrations of `commit`, whose image is on the server already.

    The copy holds no row of data: this proves that old statements fit the new schema, not what happened to rows.
    """

    def fetch(connections: Connections) -> Compatibility:
        return _Trial(connections.server, environment, commit).fetch(live_colour)

    return Question("old code on the new schema", fetch)


def code_on_live_schema_of(environment: Environment, commit: str, live_colour: str) -> Question[Compatibility]:
    """The code of `commit`, whose image is on the server, on a copy of the live schema as it is now. No migration runs.

    `stage` is `visit` when it could be tried; the copy holds no row of data.
    """

    def fetch(connections: Connections) -> Compatibility:
        return _Trial(connections.server, environment, commit).as_it_is(live_colour)

    return Question("earlier code on the live schema", fetch)


@dataclass(frozen=True)
class Told:
    """What one part of `old_code.sh` printed: its outcome, the end of its output, and the other records."""

    outcome: str
    message: str
    records: dict[str, str]


@dataclass(frozen=True)
class _Trial:
    server: Server
    environment: Environment
    commit: str

    def fetch(self, colour: str) -> Compatibility:
        told = self._do("start", colour, START_TIMEOUT_S)
        before = told.records.get("before")
        if told.outcome != "passed":
            return Compatibility(None, "prepare", told.message, before)
        copy = told.records.get("copy", "")
        if not COPY.fullmatch(copy):
            raise FactUnreadable("The copy of the schema has no name that could be read.", where=self.server.address,
                                 next_step="Run the notebook again.")
        try:
            return self._visits(ContainerHttp(self.server, f"{copy}-old"), copy, before)
        finally:
            self._remove(copy)

    def as_it_is(self, colour: str) -> Compatibility:
        told = self._do("start", colour, START_TIMEOUT_S, "itself")
        before = told.records.get("before")
        if told.outcome != "passed":
            return Compatibility(None, "prepare", told.message, before)
        copy = told.records.get("copy", "")
        try:
            seen = smoke_test_over(ContainerHttp(self.server, f"{copy}-old"))
        finally:
            self._remove(copy)
        said = "" if seen.works else f"on the schema as it is a user cannot {fault_of(seen)}"
        return Compatibility(seen.works, "visit", said, before, before, seen)

    def _remove(self, copy: str) -> None:
        if COPY.fullmatch(copy):
            names = (f"{copy}-old", f"{copy}-redis", f"{copy}-migrations", copy)
            self.server.run(Command(("docker", "rm", "--force", "--volumes", *names), timeout_s=60, accepts=(0, 1)))

    def _visits(self, http: ContainerHttp, copy: str, before: str | None) -> Compatibility:
        control = smoke_test_over(http)
        if not control.works:
            said = f"on its own schema, too, a user cannot {fault_of(control)}"
            return Compatibility(None, "control", said, before, flow=control)
        moved = self._do("migrate", copy, MIGRATE_TIMEOUT_S)
        after = moved.records.get("after")
        if moved.outcome != "passed":
            return Compatibility(None, "migrate", moved.message or "the migrations failed on the copy", before, after)
        first = smoke_test_over(http)
        if first.works:
            return Compatibility(True, "visit", "", before, after, first)
        # a statement prepared before the migration fails once on each connection and is then prepared anew
        again = smoke_test_over(http)
        fault = fault_of(first)
        if again.works:
            return Compatibility(True, "visit", "", before, after, again, first_fault=fault)
        return Compatibility(False, "visit", f"on the new schema a user cannot {fault_of(again)}", before, after, again)

    def _do(self, verb: str, last: str, timeout_s: float, *more: str) -> Told:
        rules = self.environment.backup
        argv = ("bash", "-s", "--", verb, self.environment.server.directory, self.commit, PROJECT, rules.database,
                rules.user, last, *more)
        program = programs.text("release/read_git.sh", "release/schema_copy.sh", "release/compatibility.sh")
        done = self.server.run(Command(argv, stdin=program, timeout_s=timeout_s))
        return parse_told(done.stdout, self.server.address)


def fault_of(flow: UserFlow) -> str:
    """The first thing of a visit that did not work, e.g. `create a squad: 500 in 12 ms`."""
    return next((f"{one.action}: {one.detail}" for one in flow.actions if not one.works), "")


def parse_told(text: str, where: str) -> Told:
    """The records that `old_code.sh` prints. Raises FactUnreadable when its result is not among them."""
    records = {kind: fields for kind, *fields in (line.split("\t") for line in text.splitlines())}
    try:
        outcome, message = records.pop("result")
        said = base64.b64decode(message, validate=True).decode("utf-8", "replace").strip()
    except (KeyError, ValueError, binascii.Error) as cause:
        raise FactUnreadable(
            "The old code could not be tried on the new schema: the reply has no result.",
            where=where,
            next_step="Run the notebook again; `docker ps` on the server should answer.",
        ) from cause
    return Told(outcome, said, {kind: fields[0] for kind, fields in records.items() if fields and fields[0]})
