"""Who holds the lock now."""

from __future__ import annotations

from runbook_lib.connections.lock.record import Record, parse
from runbook_lib.connections.session import Exchange
from runbook_lib.connections.ssh import SshServer
from runbook_lib.core import programs
from runbook_lib.core.errors import FactUnreadable

INSPECT = programs.text("connections/lock_state.sh", "connections/lock_inspect.sh")
EXCHANGE_TIMEOUT_S = 15.0


def lock_holder(server: SshServer) -> Record | None:
    """The holder's record (owner, run_id, purpose, started, heartbeat), or None when the lock is not held.

    Jobs that run on without a holder come as {"jobs": [folder, …]}. Raises FactUnreadable and the server's own errors.
    """
    output: list[bytes] = []
    argv = ("bash", "-c", INSPECT, "lock", server.directory)
    server.exchange(Exchange(argv, "inspect the lock", EXCHANGE_TIMEOUT_S, on_stdout=output.append))
    answer, _, details = b"".join(output).decode("utf-8", "replace").strip().partition(" ")
    if answer == "free":
        return None
    if answer == "busy":
        return {"jobs": details.split()}
    if answer == "held":
        return parse(details)
    raise FactUnreadable("The state of the lock could not be read.", where=server.address,
                         next_step="Run the notebook again; if it stays unreadable, check .runbook/lock on the server.")
