"""Taking the lock from its holder: needs the owner's name as typed by the operator, and leaves a record."""

from __future__ import annotations

import json
from typing import Any

from runbook_lib.connections.lock.inspecting import EXCHANGE_TIMEOUT_S, lock_holder
from runbook_lib.connections.lock.record import RUN_ID, Record, breaker_record
from runbook_lib.connections.lock.refusals import describe_jobs
from runbook_lib.connections.session import Exchange
from runbook_lib.connections.ssh import SshServer
from runbook_lib.core import programs
from runbook_lib.core.errors import FactUnreadable, PreconditionFailed, Refused

BREAK = programs.text("connections/lock_break.sh")


def break_lock(server: SshServer, environment: Any, owner_typed: str, by: str) -> Record:
    """Take the lock from its holder; `owner_typed` must be the owner's name as the lock shows it, `by` is who takes it.

    Returns the record of the former holder, for the journal. The run that loses the lock finds out before its next
    step; a job of that run goes on until its own deadline and keeps others out until then. Raises PreconditionFailed.
    """
    if not server.changes_allowed:
        raise Refused("Plan mode breaks no lock.", where=server.address, next_step='Use mode = "apply".')
    record = lock_holder(server)
    where = f"{server.address}: {environment.name}"
    if record is None or "owner" not in record:
        raise PreconditionFailed("The lock is not held.", where=where, next_step=describe_jobs(record))
    # typing the name is the proof that the operator has read who is working there
    if owner_typed != record["owner"]:
        raise PreconditionFailed(
            f"The lock is held by {record['owner']!r}, not by {owner_typed!r}.",
            where=where,
            next_step="Contact the owner first; then type the owner exactly as shown.",
        )
    run_id = str(record.get("run_id", ""))
    if not RUN_ID.fullmatch(run_id):
        raise FactUnreadable("The lock's record names no run.", where=where, next_step="Check .runbook/lock.json.")
    process = (str(record.get("pid", 0)), str(record.get("born", 0)))
    argv = ("bash", "-c", BREAK, "lock", server.directory, *process, run_id)
    note = json.dumps(breaker_record(record, by)).encode() + b"\n"
    output: list[bytes] = []
    if server.exchange(Exchange(argv, "break the lock", EXCHANGE_TIMEOUT_S, note, output.append, output.append)):
        reason = b"".join(output).decode("utf-8", "replace").strip()
        raise PreconditionFailed(f"The lock could not be broken: {reason}", where=where,
                                 next_step="Check the lock's process on the server (fuser .runbook/lock).")
    return record
