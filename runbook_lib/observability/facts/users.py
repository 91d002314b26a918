"""What users get at this moment: the health paths and the reads of the environment file, and who waits in the database.

Cheap and decisive, so it is asked before all else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered, fetch_concurrently, with_deadline
from runbook_lib.platform.facts.endpoints import Endpoint, survey_endpoints
from runbook_lib.platform.facts.operations import Operation, current_operation
from runbook_lib.platform.facts.own_reads import OwnReads, Read, read_each_path
from runbook_lib.platform.facts.server import ServerState, survey_server
from runbook_lib.platform.facts.waiting_sessions import LockHolder, waiting_sessions

READ_S, DEADLINE_S = 5.0, 20.0
MORE_S = 4.0  # for the way there, in addition to what a reply may take
SERVER_S = 20.0  # a full disk makes the engine slow, and is what explains the rest: it is waited for


@dataclass(frozen=True)
class UserView:
    """How users are answered, and what explains it: who holds a lock, which operation is in progress, the server.

    Each may be Unanswered. `read_s` is how long a read could take.
    """

    endpoints: tuple[Endpoint, ...] | Unanswered
    reads: tuple[Read, ...] | Unanswered
    holders: tuple[LockHolder, ...] | Unanswered
    operation: Operation | Unanswered | None
    server: ServerState | Unanswered
    read_s: float = READ_S


def survey_users(environment: Environment, deadline_s: float = DEADLINE_S) -> Question[UserView]:
    """All of it at once, each part within `deadline_s`, in which a read has at most 5 s.

    Source: the public address, PostgreSQL, the server's lock and disks.
    """
    read_s = max(1.0, min(READ_S, deadline_s - 1))
    parts: tuple[Question[Any], ...] = (
        with_deadline(survey_endpoints(environment, timeout_s=read_s, resolved=True), deadline_s + MORE_S),
        # all of the reads may be unanswered, and there may be more than are sent at once
        with_deadline(read_each_path(OwnReads(environment), timeout_s=read_s, resolved=True), 3 * deadline_s),
        with_deadline(current_operation(environment), deadline_s),
        with_deadline(survey_server(environment), max(SERVER_S, deadline_s + MORE_S)))

    def fetch(connections: Connections) -> UserView:
        _ = connections.http  # opened here, not by two threads at once
        endpoints, reads, operation, server = fetch_concurrently(parts, connections)
        # after the reads: where no user asks just now, it is a read of ours that waits for the lock
        holders = with_deadline(waiting_sessions(timeout_s=deadline_s), deadline_s).fetch(connections)
        return UserView(endpoints, reads, holders, operation, server, read_s)

    return Question("what users get", fetch)
