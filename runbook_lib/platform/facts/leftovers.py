"""Containers that runs start next to the application, and that a killed one may have left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.engine import ask_engine
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, lines_of, printable
from runbook_lib.core.times import from_epoch
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import parse_start


@dataclass(frozen=True)
class RunContainer:
    """A container of a run: for which `job`, by the value of its label, in which state of Docker, made when (UTC)."""

    name: str
    job: str
    state: str
    made: datetime | None


@dataclass(frozen=True)
class RunContainers:
    """All of them, and whether a run holds the environment's lock, whose they may be. `at`: the server's clock."""

    at: datetime
    locked: bool = False
    containers: tuple[RunContainer, ...] = ()


def survey_leftovers(environment: Environment) -> Question[RunContainers]:
    """Containers of runs next to the application, and whether one is in progress. Raises FactUnreadable.

    Source: `docker inspect`, by the labels runbook.project and runbook.alert-drill; `.runbook/lock` on the server.
    """
    command = Command(("bash", "-s", "--", environment.project, environment.server.directory),
                      stdin=programs.text("platform/leftovers_survey.sh"))

    def fetch(connections: Connections) -> RunContainers:
        return parse_leftovers(ask_engine(connections.server.run, command).stdout)

    return Question("containers of runs", fetch)


def parse_leftovers(text: str) -> RunContainers:
    """The lines of leftovers_survey.sh. Raises FactUnreadable."""
    rows = [line.split("\t") for line in lines_of(printable(text))]
    try:
        at = next(from_epoch(row[1]) for row in rows if row[0] == "clock")
        found = [RunContainer(row[1].lstrip("/"), row[2], row[3], parse_start(row[4]))
                 for row in rows if row[0] == "container"]
    except (ValueError, IndexError, StopIteration, OverflowError) as cause:
        raise FactUnreadable("The containers of runs were named in an unknown form.", where=head_of(text, 200),
                             next_step="Run `docker ps --all --filter label=runbook.project` on the server.") from cause
    return RunContainers(at, ["lock"] in rows, tuple(sorted(found, key=lambda one: one.name)))
