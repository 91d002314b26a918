"""Who works on the environment at this moment: the holder of the lock, and jobs that outlived theirs."""

from __future__ import annotations

import json
from dataclasses import dataclass

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment

# A shared lock that is let go at once: looking never keeps an operator out for longer than this takes.
_LOOK = """
cd "$1/.runbook" 2>/dev/null || exit 0
[ -e lock ] || exit 0
flock --shared --nonblock lock true || cat lock.json
"""


@dataclass(frozen=True)
class Operation:
    """The operation that holds the environment. Times are the server's own, UTC, as text."""

    owner: str
    run_id: str
    purpose: str
    started: str
    heartbeat: str


def current_operation(environment: Environment) -> Question[Operation | None]:
    """The operation under way; None when the environment is free. Raises FactUnreadable."""
    command = Command(("sh", "-c", _LOOK, "operation", environment.server.directory))

    def fetch(connections: Connections) -> Operation | None:
        return parse_operation(connections.server.run(command).stdout)

    return Question("operation under way", fetch)


def parse_operation(text: str) -> Operation | None:
    """The lock's record, or None of nothing."""
    if not text.strip():
        return None
    try:
        record = json.loads(text)
        return Operation(**{name: str(record.get(name, "unknown")) for name in Operation.__dataclass_fields__})
    except (ValueError, AttributeError) as cause:
        raise FactUnreadable(
            "The environment is held, but the record of its holder cannot be read.",
            where=".runbook/lock.json",
            next_step="Ask again in a moment: the record is replaced with every heartbeat.",
        ) from cause
