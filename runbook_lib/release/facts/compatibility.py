"""Backward compatibility: does the live code work on a release's schema? Tested before the live database is touched.

The live backend's image, settings included, runs on a copy of the live schema without a network. The smoke test goes
through the application; the release's migrations run on the copy; the smoke test runs again. The first one is the
control: code that does not work on its own schema there proves nothing about the migration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question, Server
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.container_http import ContainerHttp
from runbook_lib.platform.facts.smoke_test import UserFlow, smoke_test_over
from runbook_lib.release.facts.schema_copy import PASSED, CopyRecords, parse_copy_records

START_TIMEOUT_S, MIGRATE_TIMEOUT_S, REMOVE_TIMEOUT_S = 240.0, 330.0, 60.0
NOT_STARTED = "failed"  # the result of `restart` where the code ended, or gave no reply
Code = Literal["live", "release"]


class Stage(StrEnum):
    """What a compatibility check did last: prepare the copy, control, migrate, smoke test, restart."""

    PREPARE = "prepare"
    CONTROL = "control"
    MIGRATE = "migrate"
    SMOKE_TEST = "smoke test"
    RESTART = "restart"


@dataclass(frozen=True)
class Compatibility:
    """Whether the tested code works on the schema; None when that could not be tested.

    `before` and `after` are schema revisions; `flow` is the last smoke test; `first_fault` what the first smoke test
    after the migration met when the second one was clean.
    """

    compatible: bool | None
    stage: Stage
    message: str = ""
    before: str | None = None
    after: str | None = None
    flow: UserFlow | None = None
    first_fault: str = ""


def live_code_on_new_schema(environment: Environment, commit: str, live_colour: str) -> Question[Compatibility]:
    """The live colour's code before and after the migrations of `commit`, whose image is on the server already.

    The copy holds no row of data: this proves that old statements fit the new schema, not what happened to rows.
    Raises FactUnreadable when the copy's reply has no result.
    """

    def fetch(connections: Connections) -> Compatibility:
        return _Check(connections.server, environment, commit).of_live_code(live_colour)

    return Question("live code on the new schema", fetch)


def earlier_code_on_live_schema(environment: Environment, commit: str, live_colour: str) -> Question[Compatibility]:
    """The code of `commit`, whose image is on the server, on a copy of the live schema as it is. No migration runs.

    `stage` is SMOKE_TEST when it could be tested; the copy holds no row of data. Raises FactUnreadable as above.
    """

    def fetch(connections: Connections) -> Compatibility:
        return _Check(connections.server, environment, commit).of_earlier_code(live_colour)

    return Question("earlier code on the live schema", fetch)


@dataclass(frozen=True)
class _Copy:
    """A copy of the live schema with the tested code on it: its name, all of its containers, the code's one."""

    name: str
    containers: tuple[str, ...]
    code: str


@dataclass(frozen=True)
class _Check:
    """One compatibility check on one server. It always removes its copy."""

    server: Server
    environment: Environment
    commit: str

    def of_live_code(self, colour: str) -> Compatibility:
        started = self._do("start", self.environment.api_of(colour), "live", timeout_s=START_TIMEOUT_S)
        before = started.get("before")
        if started.outcome != PASSED:
            return Compatibility(None, Stage.PREPARE, started.message, before)
        copy = self._copy_in(started)
        try:
            found = self._before_and_after(copy, before)
            return self._started_anew(copy, colour, found) if found.compatible else found
        finally:
            self._remove(copy)

    def of_earlier_code(self, colour: str) -> Compatibility:
        started = self._do("start", self.environment.api_of(colour), "release", timeout_s=START_TIMEOUT_S)
        before = started.get("before")
        if started.outcome != PASSED:
            return Compatibility(None, Stage.PREPARE, started.message, before)
        copy = self._copy_in(started)
        try:
            flow = self._smoke_test(copy)
        finally:
            self._remove(copy)
        message = "" if flow.works else f"on the schema as it is a user cannot {fault_of(flow)}"
        return Compatibility(flow.works, Stage.SMOKE_TEST, message, before, before, flow)

    def _before_and_after(self, copy: _Copy, before: str | None) -> Compatibility:
        control = self._smoke_test(copy)
        if not control.works:
            message = f"on its own schema, too, a user cannot {fault_of(control)}"
            return Compatibility(None, Stage.CONTROL, message, before, flow=control)
        moved = self._do("migrate", copy.name, timeout_s=MIGRATE_TIMEOUT_S)
        after = moved.get("after")
        if moved.outcome != PASSED:
            message = moved.message or "the migrations failed on the copy"
            return Compatibility(None, Stage.MIGRATE, message, before, after)
        first = self._smoke_test(copy)
        if first.works:
            return Compatibility(True, Stage.SMOKE_TEST, "", before, after, first)
        # a statement prepared before the migration fails once on each connection and is then prepared again
        again, fault = self._smoke_test(copy), fault_of(first)
        if again.works:
            return Compatibility(True, Stage.SMOKE_TEST, "", before, after, again, first_fault=fault)
        message = f"on the new schema a user cannot {fault_of(again)}"
        return Compatibility(False, Stage.SMOKE_TEST, message, before, after, again)

    def _started_anew(self, copy: _Copy, colour: str, found: Compatibility) -> Compatibility:
        """Whether the code also starts on the new schema: after a rollback, or a crash, it must."""
        restarted = self._do("restart", self.environment.api_of(colour), copy.name, timeout_s=START_TIMEOUT_S)
        if restarted.outcome == PASSED:
            flow = self._smoke_test(copy)
            if flow.works:
                return replace(found, stage=Stage.RESTART, flow=flow)
            message = f"started anew on the new schema a user cannot {fault_of(flow)}"
            return replace(found, compatible=False, stage=Stage.RESTART, flow=flow, message=message)
        known = False if restarted.outcome == NOT_STARTED else None
        lines = [line for line in lines_of(restarted.message) if line.strip()]
        message = f"it does not start on the new schema: {lines[-1].strip() if lines else restarted.outcome}"
        return replace(found, compatible=known, stage=Stage.RESTART, message=message)

    def _smoke_test(self, copy: _Copy) -> UserFlow:
        with ContainerHttp(self.server, copy.code) as http:
            return smoke_test_over(self.environment, http)

    def _copy_in(self, started: CopyRecords) -> _Copy:
        containers = tuple((started.get("containers") or "").split())
        copy, code = started.get("copy") or "", started.get("code") or ""
        # these names become arguments of `docker rm`: one that is not ours must never be among them
        ours = re.compile(rf"runbook-schema-copy-{self.environment.project}-[0-9]+-[0-9]+(-[a-z]+)?")
        if not containers or not all(ours.fullmatch(one) for one in (copy, code, *containers)):
            raise FactUnreadable("The copy of the schema has no name that can be read.", where=self.server.address,
                                 next_step="Run the notebook again.")
        return _Copy(copy, containers, code)

    def _remove(self, copy: _Copy) -> None:
        remove = ("docker", "rm", "--force", "--volumes", *copy.containers)
        self.server.run(Command(remove, timeout_s=REMOVE_TIMEOUT_S, accepts=(0, 1)))

    def _do(self, verb: str, *last: str, timeout_s: float) -> CopyRecords:
        database, release = self.environment.postgres, self.environment.release
        argv = ("bash", "-s", "--", verb, self.environment.server.directory, self.commit, self.environment.project,
                database.service, self.environment.cache_service, database.name, database.owner,
                self.environment.health.ready_path, release.image_of(release.api, self.commit),
                release.folder_of(release.api), *last)
        program = programs.text("platform/whole_lines.sh", "platform/own_session.sh", "release/limited.sh",
                                "release/read_git.sh", "release/whole_tree.sh", "platform/image_of.sh",
                                "release/schema_copy.sh", "release/compatibility.sh")
        done = self.server.run(Command(argv, stdin=program, timeout_s=timeout_s))
        return parse_copy_records(done.stdout, self.server.address)


def fault_of(flow: UserFlow) -> str:
    """The first action of a smoke test that did not work, e.g. `create an order: 500 in 12 ms`."""
    return next((f"{one.action}: {one.detail}" for one in flow.actions if not one.works), "")
