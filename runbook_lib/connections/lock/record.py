"""The lock's record: who holds the environment, since when and for what; `.runbook/lock.json` on the server."""

from __future__ import annotations

import re
import socket
from datetime import UTC, datetime
from typing import Any

from runbook_lib.core.foreign_json import read_json

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")  # it becomes a file name on the server

Record = dict[str, Any]


def holder_record(environment: str, owner: str, run_id: str, purpose: str) -> Record:
    """The record of a run that takes the lock now. Raises ValueError for a run id that is not a plain file name."""
    if not RUN_ID.fullmatch(run_id):
        raise ValueError(f"not a run id: {run_id!r}")
    return {"environment": environment, "owner": owner, "run_id": run_id, "purpose": purpose,
            "from": socket.gethostname(), "started": timestamp()}


def breaker_record(held: Record, by: str) -> Record:
    """The record that a broken lock leaves for the run that lost it."""
    return {"by": by, "from": socket.gethostname(), "owner": held["owner"], "run_id": held["run_id"], "at": timestamp()}


def parse(text: str) -> Record:
    """A record as the server printed it; empty where it is unreadable, so that a message can still be made."""
    try:
        record = read_json(text)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def timestamp() -> str:
    """The time now in UTC, to the second, as the server's own records have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
