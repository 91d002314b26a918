"""Starting a job exactly once, whatever happens to the link while it starts."""

from __future__ import annotations

import posixpath
import secrets
import time

from runbook_lib.connections.jobs import retrying
from runbook_lib.connections.jobs.frames import FollowedJob
from runbook_lib.connections.jobs.job import Job, StartInterrupted
from runbook_lib.connections.jobs.program import job_program
from runbook_lib.connections.limits import Bounded
from runbook_lib.connections.session import Exchange
from runbook_lib.connections.ssh import SshServer, stdin_bytes
from runbook_lib.core import programs
from runbook_lib.core.commands import Command, Pipeline, WriteFile
from runbook_lib.core.errors import CommandTimedOut, LinkDropped, Refused, StepFailed
from runbook_lib.core.gates import Gate, Watch
from runbook_lib.core.plan import Action
from runbook_lib.core.redaction import Secret
from runbook_lib.core.text import head_of

EXCHANGE_TIMEOUT_S = 30.0
STARTED = "started"  # printed by programs/job_claim.sh
START = programs.text("connections/job_start.sh")
CLAIM = programs.text("connections/job_claim.sh")


def start(server: SshServer, action: Action, folder: str, fence: str = "") -> Job:
    """Start a Command, Pipeline or WriteFile as a detached job in `folder` (below .runbook/jobs, or absolute).

    `fence` (EnvironmentLock.fence) ties the job to its lock: the server starts it only while that is the current one.

    Raises Refused in plan mode, StepFailed when the server could not start it, HostUnreachable, and LinkDropped when
    it is unknown whether it started. A link that drops while starting is reconciled first, and so is a Ctrl-C:
    StartInterrupted carries the job that is running, KeyboardInterrupt alone means that it will never run.
    """
    if isinstance(action, Gate | Watch):
        raise TypeError("gates and watches ask questions; they are not jobs")
    if not server.changes_allowed:
        raise Refused(
            "Plan mode changes nothing: no job was started.", where=server.address, next_step='Use mode = "apply".'
        )
    path = posixpath.join(server.directory, ".runbook", "jobs", folder)
    accepts = action.accepts if isinstance(action, Command) else (0,)
    job = Job(server, path, str(action), action.timeout_s, fence, accepts)
    token = secrets.token_hex(4)
    try:
        _upload(job, action, token)
    except KeyboardInterrupt:
        if _was_started(job, token):
            raise StartInterrupted(job) from None
        raise
    except (LinkDropped, CommandTimedOut):
        # withdrawn, the first upload can never start any more: a second one is safe
        if not _was_started(job, token):
            _upload(job, action, secrets.token_hex(4))
    return job


def _upload(job: Job, action: Command | Pipeline | WriteFile, token: str) -> None:
    script = job_program(action, token).encode()
    stdin = stdin_bytes(_stdin_of(action))
    sizes = (str(len(script)), str(len(stdin)))
    argv = ("bash", "-c", START, "start", job.folder, token, *sizes, f"{job.timeout_s:g}", job.server.directory,
            job.fence)
    output = Bounded(0, 2_000)
    code = job.server.exchange(Exchange(argv, f"start {job.description}", EXCHANGE_TIMEOUT_S, script + stdin,
                                        output.add, output.add))
    if code != 0:
        raise StepFailed(
            f"The job could not be started: {output.text().strip() or f'exit code {code}'}",
            where=f"{job.server.address}: {job.folder}",
            next_step="This step changed nothing. Check the server's disk space (df -h) and the owner of the folder.",
        )


def _stdin_of(action: Command | Pipeline | WriteFile) -> str | bytes | Secret | None:
    if isinstance(action, WriteFile):
        return action.content
    if isinstance(action, Pipeline):
        return action.commands[0].stdin if action.commands else None
    return action.stdin


def _was_started(job: Job, token: str) -> bool:
    """Whether the job started before the link dropped. When it did not, its upload is withdrawn for good."""
    output = Bounded(0, 100)
    claim = Exchange(("bash", "-c", CLAIM, "claim", job.folder, token), f"find {job.folder}", EXCHANGE_TIMEOUT_S,
                     on_stdout=output.add)
    limit_s = job.server.limits.reconnect_s
    if not retrying.retry(FollowedJob(), time.monotonic() + limit_s, limit_s, lambda: job.server.exchange(claim)):
        raise LinkDropped(
            "The connection was lost while the job was being started, and the server cannot be reached again.",
            where=f"{job.server.address}: {head_of(job.description, 300)}",
            next_step=f"When the server is reachable, check for {job.folder}: without it the job was never started.",
        )
    return output.text().split()[-1:] == [STARTED]
