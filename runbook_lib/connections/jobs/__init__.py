"""Work that changes the server: detached jobs whose outcome is read, never guessed.

A job lives in a folder on the server and goes on when the link drops. Starting it, following it and stopping it are
separate short sessions, so that each can be repeated.
"""

from __future__ import annotations

from runbook_lib.connections.jobs.following import stop, wait
from runbook_lib.connections.jobs.job import Job, JobOutcome, StartInterrupted
from runbook_lib.connections.jobs.output_files import output
from runbook_lib.connections.jobs.retrying import retry_while_unreachable
from runbook_lib.connections.jobs.starting import start

__all__ = ["Job", "JobOutcome", "StartInterrupted", "output", "retry_while_unreachable", "start", "stop", "wait"]
