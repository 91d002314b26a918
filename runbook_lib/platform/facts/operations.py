"""Who holds the environment's lock at this moment, and for which operation."""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.operation_names import changes_services
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment

# A shared lock, released at once: this question never keeps an operator out for longer than it takes.
_HOLDER = """
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

    @property
    def changes_services(self) -> bool:
        """Whether services, the live release or alerts are other than usual until it has ended."""
        return changes_services(self.purpose)

    @property
    def words(self) -> str:
        """What it is, by whom, since when; a lock without a live holder is released, so it is in progress."""
        return f"{self.purpose} by {self.owner} since {self.started}, last heartbeat {self.heartbeat}"


def current_operation(environment: Environment) -> Question[Operation | None]:
    """The operation in progress; None when the lock is not held. Raises FactUnreadable.

    Source: `.runbook/lock` and its record on the server.
    """
    command = Command(("sh", "-c", _HOLDER, "operation", environment.server.directory))

    def fetch(connections: Connections) -> Operation | None:
        return parse_operation(connections.server.run(command).stdout)

    return Question("operation in progress", fetch)


def parse_operation(text: str) -> Operation | None:
    """The lock's record; None for an empty text. Raises FactUnreadable."""
    if not text.strip():
        return None
    try:
        record = read_json(text)
        return Operation(**{name: str(record.get(name, "unknown")) for name in Operation.__dataclass_fields__})
    except (ValueError, AttributeError) as cause:
        raise FactUnreadable(
            "The lock is held, but the record of its holder cannot be read.",
            where=".runbook/lock.json",
            next_step="Run the notebook again in a moment: the record is replaced with every heartbeat.",
        ) from cause
