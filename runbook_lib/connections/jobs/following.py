"""Following a job to its end, and stopping it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from runbook_lib.connections.jobs import retrying
from runbook_lib.connections.jobs.frames import FollowedJob, StreamEnd
from runbook_lib.connections.jobs.job import Job, JobOutcome, outcome_of
from runbook_lib.connections.jobs.starting import EXCHANGE_TIMEOUT_S
from runbook_lib.connections.session import Exchange
from runbook_lib.core import programs
from runbook_lib.core.errors import CommandTimedOut
from runbook_lib.core.plan import StepState

# Time for the server's own timer to end a job beyond its limit: 5 s of grace, the kill, and reading the exit file.
ENDING_S = 10.0
FOLLOW = programs.text("connections/job_follow.sh")
STOP = programs.text("connections/job_stop.sh")


def wait(job: Job, timeout_s: float | None = None, on_output: Callable[[str, str], None] | None = None) -> JobOutcome:
    """Follow a job to its end; `on_output(stream, text)` gets new output as it comes.

    After `timeout_s` (default: the action's own limit, which the server enforces too) the job is stopped. A dropped
    link is reopened for as long as `limits.reconnect_s` of the environment; when it stays away, the state is unknown.
    """
    limit_s = job.timeout_s + ENDING_S if timeout_s is None else timeout_s
    followed = FollowedJob(on_output)
    try:
        _follow(job, followed, time.monotonic() + limit_s)
    except CommandTimedOut:
        stopped = stop(job)
        # it ended on its own in the same moment, or its outcome is unknown
        if stopped.state is not StepState.ABORTED:
            return stopped
        return replace(stopped, state=StepState.TIMED_OUT, message=f"stopped after {limit_s:g} s")
    return outcome_of(job, followed)


def stop(job: Job) -> JobOutcome:
    """Stop the job's whole process group (TERM, then KILL after 5 s) and return how it ended.

    What a program has started elsewhere (a container, for `docker run` or `docker exec`) goes on: its own undo
    must end it.
    """
    stopping = Exchange(("bash", "-c", STOP, "stop", job.folder), f"stop {job.description}", EXCHANGE_TIMEOUT_S)
    followed = FollowedJob()

    try:
        limit_s = job.server.limits.reconnect_s
        retrying.retry(followed, time.monotonic() + limit_s, limit_s, lambda: job.server.exchange(stopping))
        _follow(job, followed, time.monotonic() + 2 * ENDING_S)
    except CommandTimedOut:
        followed.end = StreamEnd.STILL_RUNNING
    return outcome_of(job, followed)


def _follow(job: Job, followed: FollowedJob, deadline: float) -> None:
    """Read the job's stream until its end, through dropped links. Raises CommandTimedOut at the deadline."""

    def exchange() -> None:
        followed.restart()
        offsets = (str(followed.offsets["out"]), str(followed.offsets["err"]))
        argv = ("bash", "-c", FOLLOW, "follow", job.folder, *offsets)
        left = max(0.1, deadline - time.monotonic())
        job.server.exchange(Exchange(argv, f"follow {job.description}", left, None, followed.feed))

    retrying.retry(followed, deadline, job.server.limits.reconnect_s, exchange)
