"""What users get at this moment: the health paths and the reads of the environment file, and who waits in the database.

Cheap and decisive, so it is asked before all else.
"""

from __future__ import annotations

import threading
import time
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
MORE_S = 1.0  # of the deadline, for the way there, in addition to what a reply may take
WAITED_S = 2.0  # a read of ours that has waited this long for a lock is seen among the sessions that wait


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
    """All of it at once, and all of it within `deadline_s`, in which a read has at most 5 s.

    Source: the public address, PostgreSQL, the server's lock and disks.
    """
    read_s = max(1.0, min(READ_S, deadline_s - MORE_S))

    def fetch(connections: Connections) -> UserView:
        _ = connections.http  # opened here, not by two threads at once
        began, read = time.monotonic(), threading.Event()

        def ask_holders(_: Connections) -> Any:
            # after the reads: where no user asks just now, it is a read of ours that waits for the lock
            read.wait(min(WAITED_S, deadline_s / 2))
            left_s = deadline_s - (time.monotonic() - began)
            return with_deadline(waiting_sessions(timeout_s=left_s), left_s).fetch(connections)

        parts: tuple[Question[Any], ...] = (
            with_deadline(survey_endpoints(environment, timeout_s=read_s, resolved=True), deadline_s),
            with_deadline(_noted(read, read_each_path(OwnReads(environment), timeout_s=read_s, resolved=True)),
                          deadline_s),
            with_deadline(current_operation(environment), deadline_s),
            with_deadline(survey_server(environment, limit_s=max(MORE_S / 2, deadline_s - MORE_S)), deadline_s),
            Question("sessions that wait for a lock", ask_holders))
        endpoints, reads, operation, server, holders = fetch_concurrently(parts, connections)
        return UserView(endpoints, reads, holders, operation, server, read_s)

    return Question("what users get", fetch)


def _noted(ended: threading.Event, question: Question[Any]) -> Question[Any]:
    def fetch(connections: Connections) -> Any:
        try:
            return question.fetch(connections)
        finally:
            ended.set()

    return Question(question.name, fetch)
