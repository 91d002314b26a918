"""Does the live code of an application with one container a service work on a release's schema? Asked of a copy.

The live image, with its settings and files, is led to a copy of the live schema by the name that its database has, in a
network that leads nowhere; the release's image migrates the copy. What users read without a log-in is asked before,
after, and of the code started anew. The copy holds no row: this proves that statements fit, not what happens to rows.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment
from runbook_lib.environment.requests import filled
from runbook_lib.environment.traffic import own_paths
from runbook_lib.release.facts.schema_copy import PASSED, parse_copy_records

TIMEOUT_S = 420.0  # the copy's own limit, and its removal. Source: programs/schema_copy.sh
NOT_MIGRATED, NOT_RESTARTED = "not-migrated", "not-restarted"
BEFORE, AFTER, ANEW = "before", "migrated", "restarted"
ALEMBIC_TABLE = "public.alembic_version"
SERVER_ERROR = 500
_PROGRAM = ("platform/whole_lines.sh", "platform/own_session.sh", "release/limited.sh", "release/read_git.sh",
            "platform/image_of.sh", "release/schema_copy.sh", "release/ask_container.sh",
            "release/replaced_compatibility.sh")


@dataclass(frozen=True)
class ReplacedCompatibility:
    """How the live code answered on the copy: status by path before the migrations, after them, and started anew.

    `outcome` is `passed`, or how far it came: `not-started`, `not-migrated`, `not-restarted`, `error`; `message` the
    end of what was printed then.
    """

    outcome: str
    message: str = ""
    before: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)
    anew: Mapping[str, int] = field(default_factory=dict)

    @property
    def proving(self) -> tuple[str, ...]:
        """The paths that the copy can be asked for: those that the live code answered on its own schema."""
        return tuple(path for path, status in self.before.items() if _answers(status))

    @property
    def broken(self) -> tuple[str, ...]:
        """Those of them that the live code does not answer on the new schema, or not when it is started on it."""
        return tuple(path for path in self.proving
                     if not all(_answers(asked.get(path, 0)) for asked in (self.after, self.anew) if asked))

    @property
    def compatible(self) -> bool | None:
        """Whether the live code works on the new schema; None where the copy proved nothing."""
        if self.broken or (self.outcome == NOT_RESTARTED and self.proving):
            return False
        return True if self.outcome == PASSED and self.proving else None


def replaced_code_on_new_schema(environment: Environment, commit: str) -> Question[ReplacedCompatibility]:
    """The live code on a copy, before and after the migrations of `commit`, whose image is on the server already.

    Raises FactUnreadable when the reply has no result. Source: `programs/replaced_compatibility.sh`.
    """
    database, release, rules = environment.postgres, environment.release, environment.migrations
    api = release.api
    migrated = (rules.service if rules else None) or api
    port = release.services[api].port or environment.services[api].port
    endpoints = tuple(path for path, rule in environment.health.endpoints.items() if rule.service == api)
    paths = tuple(dict.fromkeys((*endpoints, *(filled(path, {"number": "1"}) for path in own_paths(
        environment.traffic, environment.load)))))
    argv = ("bash", "-s", "--", environment.project, database.service, database.name, database.owner,
            (rules.table if rules else None) or ALEMBIC_TABLE, api, migrated, release.image_of(migrated, commit),
            str(port), environment.public.origin, str(len(paths)), *paths, *(rules.command if rules else ()))

    def fetch(connections: Connections) -> ReplacedCompatibility:
        if not paths:
            return ReplacedCompatibility("error", "the environment file names no path of it that could be asked")
        done = connections.server.run(Command(argv, stdin=programs.text(*_PROGRAM), timeout_s=TIMEOUT_S))
        return parse_compatibility(done.stdout, connections.server.address)

    return Question("live code on a copy of the new schema", fetch)


def parse_compatibility(text: str, where: str) -> ReplacedCompatibility:
    """The records of `replaced_compatibility.sh`. Raises FactUnreadable for anything else."""
    result = parse_copy_records(text, where)
    asked: dict[str, dict[str, int]] = {BEFORE: {}, AFTER: {}, ANEW: {}}
    try:
        for kind, *fields in (line.split("\t") for line in lines_of(text)):
            if kind in asked:
                status, path = fields
                asked[kind][base64.b64decode(path, validate=True).decode()] = int(status)
    except ValueError as cause:
        raise FactUnreadable("What the copy answered is not in the expected form.", where=where,
                             next_step="Run the notebook again.") from cause
    return ReplacedCompatibility(result.outcome, result.message, asked[BEFORE], asked[AFTER], asked[ANEW])


def _answers(status: int) -> bool:
    return 0 < status < SERVER_ERROR
