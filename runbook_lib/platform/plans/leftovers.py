"""Containers next to the application that only a run of ours starts, and that a killed one has left."""

from __future__ import annotations

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.environment import Environment

CANDIDATE, MIGRATION = "candidate", "migration"  # values of the label runbook.job
END_TIMEOUT_S = 300.0  # the time of two to stop, and their removal. Source: programs/leftovers.sh


def end_leftovers(environment: Environment, *jobs: str) -> Command:
    """End what a killed run has left of these jobs; passes where there is none, and fails where one stays.

    For a step under the lock: what a run in progress has started looks the same.
    """
    words = (environment.project, *environment.database_words, *jobs)
    program = programs.text("platform/own_session.sh", "platform/sessions.sh", "platform/leftovers.sh")
    return Command(("bash", "-s", "--", *words), stdin=program, timeout_s=END_TIMEOUT_S)
