"""A detached job and how it ended."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum

from runbook_lib.connections.jobs.frames import FollowedJob, StreamEnd
from runbook_lib.connections.ssh import SshServer
from runbook_lib.core.errors import LockHeld
from runbook_lib.core.plan import StepState


class StopReason(StrEnum):
    """Why the supervisor ended a job: the `why` of the exit file, as programs/job_supervisor.sh writes it."""

    TIMED_OUT = "timed out"
    STOPPED = "stopped from outside"
    LOCK_NOT_HELD = "lock not held"


@dataclass(frozen=True)
class Job:
    """A job that was started. `folder` is absolute, on the server; `description` is the action as text.

    `fence` is the number and the run of the lock under which it may start; empty: it belongs to no lock.
    """

    server: SshServer = field(repr=False)
    folder: str
    description: str
    timeout_s: float
    fence: str = ""
    accepts: tuple[int, ...] = (0,)
    started: float = field(default_factory=time.monotonic, compare=False)


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended. `exit_code` is None unless it was read; tails are the last 16 kB; `message` gives the reason."""

    state: StepState
    exit_code: int | None
    stdout_tail: str
    stderr_tail: str
    seconds: float
    message: str = ""


class StartInterrupted(KeyboardInterrupt):
    """Ctrl-C while a job was being started, and it did start: `job` is running."""

    def __init__(self, job: Job) -> None:
        super().__init__(StopReason.STOPPED.value)
        self.job = job


_UNKNOWN = {
    StreamEnd.DEAD: "the job's processes ended without an exit code: killed, out of memory, or a restarted server",
    StreamEnd.GONE: "the job's folder is gone from the server",
    StreamEnd.LOST: "the connection was lost and the server cannot be reached again",
    StreamEnd.STILL_RUNNING: "the job did not end when it was stopped",
    StreamEnd.GARBLED: "the job's exit file cannot be read",
    StreamEnd.NONE: "the job's end was not seen",
}


def lock_not_held(job: Job) -> LockHeld:
    """The error for a job that the server refused to start."""
    return LockHeld(
        "The server did not start this job: its run does not hold the lock any more. Nothing of it ran.",
        where=f"{job.server.address}: {job.folder}",
        next_step="Another operator has taken over: see who holds the lock in 00 Start here. Contact them, then start "
        "a new run.",
    )


def outcome_of(job: Job, followed: FollowedJob) -> JobOutcome:
    """The outcome of a job that was followed to the end of its stream; the state is unknown without an exit file.

    Raises LockHeld where the server refused the job, because its run did not hold the lock any more.
    """
    code, message = None, ""
    if followed.exit is None:
        # never guessed: a job that left no exit code may have done everything or nothing
        state, message = StepState.UNKNOWN, f"{_UNKNOWN[followed.end]} ({job.folder})"
    else:
        code, why = int(followed.exit["exit_code"]), str(followed.exit.get("why", ""))
        if why == StopReason.LOCK_NOT_HELD:
            raise lock_not_held(job)
        if why == StopReason.TIMED_OUT:
            state, message = StepState.TIMED_OUT, f"stopped on the server after {job.timeout_s:g} s"
        elif why:
            state, message = StepState.ABORTED, why
        elif code in job.accepts:
            state = StepState.PASSED
        else:
            state, message = StepState.FAILED, f"exit code {code}"
    seconds = time.monotonic() - job.started
    return JobOutcome(state, code, followed.out.text(), followed.err.text(), seconds, message)
