"""Work that changes the server: detached jobs whose outcome is read, never guessed.

A job lives in a folder on the server and goes on when the link drops. Starting it, following it and stopping it are
separate short sessions, so that each can be tried again.
"""

from __future__ import annotations

import posixpath
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from runbook_lib.connections.frames import FollowedJob
from runbook_lib.connections.job_program import CLAIM, FOLLOW, START, STOP, job_program
from runbook_lib.connections.limits import Bounded
from runbook_lib.connections.quoting import shell_join
from runbook_lib.connections.ssh import SshServer, stdin_bytes
from runbook_lib.core.commands import Command, Pipeline, WriteFile
from runbook_lib.core.errors import CommandTimedOut, HostUnreachable, LinkDropped, Refused, StepFailed
from runbook_lib.core.gates import Gate, Watch
from runbook_lib.core.plan import Action, StepState
from runbook_lib.core.redaction import Secret

START_TIMEOUT_S = 30.0
# Time for the server's own clock to end a job beyond its limit: 5 s of grace, the kill, and a look.
ENDING_S = 10.0
RECONNECT_LIMIT_S = 120.0
EVIDENCE_BYTES = 65_536
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 8.0

Result = TypeVar("Result")


@dataclass(frozen=True)
class Job:
    """A job that was started. `folder` is absolute, on the server."""

    server: SshServer = field(repr=False)
    folder: str
    words: str
    timeout_s: float
    accepts: tuple[int, ...] = (0,)
    started: float = field(default_factory=time.monotonic, compare=False)


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended. `exit_code` is None unless it was read; tails are the last 16 kB; `message` says why."""

    state: StepState
    exit_code: int | None
    stdout_tail: str
    stderr_tail: str
    seconds: float
    message: str = ""


class StartInterrupted(KeyboardInterrupt):
    """Ctrl-C while a job was being started, and it did start: `job` is at work."""

    def __init__(self, job: Job) -> None:
        super().__init__("stopped from outside")
        self.job = job


def start(server: SshServer, action: Action, folder: str) -> Job:
    """Start a Command, Pipeline or WriteFile as a detached job in `folder` (below .runbook/jobs, or absolute).

    Raises Refused in plan mode, StepFailed when the server could not start it, HostUnreachable, and LinkDropped when
    nobody can say whether it started. A link that drops while starting is reconciled first, and so is a Ctrl-C:
    StartInterrupted carries the job that is at work, KeyboardInterrupt alone means that it never will be.
    """
    if isinstance(action, Gate | Watch):
        raise TypeError("a gate asks questions, and so does a watch; they are no jobs")
    if not server.changes_allowed:
        raise Refused(
            "Plan mode changes nothing: no job was started.", where=server.address, next_step='Use mode = "apply".'
        )
    place = posixpath.join(server.directory, ".runbook", "jobs", folder)
    accepts = action.accepts if isinstance(action, Command) else (0,)
    job = Job(server, place, str(action), action.timeout_s, accepts)
    token = secrets.token_hex(4)
    try:
        _upload(job, action, token)
    except KeyboardInterrupt:
        if _arrived(job, token):
            raise StartInterrupted(job) from None
        raise
    except (LinkDropped, CommandTimedOut):
        if not _arrived(job, token):  # withdrawn, it can never start any more: trying again is safe
            _upload(job, action, secrets.token_hex(4))
    return job


def retry_while_unreachable(begin: Callable[[], Result], tell: Callable[[str], None]) -> Result:
    """What `begin` returns. Where the server is out of reach nothing has begun, so it is tried again for some time.

    Raises HostUnreachable after RECONNECT_LIMIT_S, and every other error at once: then something may have begun.
    """
    give_up, pause = time.monotonic() + RECONNECT_LIMIT_S, FIRST_PAUSE_S
    while True:
        try:
            return begin()
        except HostUnreachable as error:
            if time.monotonic() + pause > give_up:
                raise
            tell(f"{error.what} Trying again in {pause:g} s.\n")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


def wait(job: Job, timeout_s: float | None = None, on_output: Callable[[str, str], None] | None = None) -> JobOutcome:
    """Follow a job to its end; `on_output(stream, text)` gets new output as it comes.

    After `timeout_s` (by default the action's own limit, which the server enforces by itself) the job is stopped. A
    dropped link is reopened for up to RECONNECT_LIMIT_S; when it stays away, the state is unknown.
    """
    limit_s = job.timeout_s + ENDING_S if timeout_s is None else timeout_s
    seen = FollowedJob(on_output)
    try:
        _follow(job, seen, time.monotonic() + limit_s)
    except CommandTimedOut:
        stopped = stop(job)
        if stopped.state is not StepState.ABORTED:  # it ended by itself in the same moment, or nobody can say
            return stopped
        return replace(stopped, state=StepState.TIMED_OUT, message=f"stopped after {limit_s:g} s")
    return _outcome(job, seen)


def stop(job: Job) -> JobOutcome:
    """Stop the job's whole process group (TERM, then KILL after 5 s) and say how it ended.

    What a program has started elsewhere (a container, for `docker run` or `docker exec`) goes on: its own undo
    must end it.
    """
    words = shell_join(("bash", "-c", STOP, "stop", job.folder))
    seen = FollowedJob()

    def ask() -> None:
        job.server.exchange(words, f"stop {job.words}", START_TIMEOUT_S, b"", _ignore, _ignore)

    try:
        _persist(job, seen, time.monotonic() + RECONNECT_LIMIT_S, ask)
        _follow(job, seen, time.monotonic() + 2 * ENDING_S)
    except CommandTimedOut:
        seen.end = "stop"
    return _outcome(job, seen)


def output(job: Job, *, limit_bytes: int = EVIDENCE_BYTES) -> tuple[str, str]:
    """Standard output and standard error of a job: the first and the last `limit_bytes` of each, as text."""
    return _both_ends(job, "out", limit_bytes), _both_ends(job, "err", limit_bytes)


def _upload(job: Job, action: Command | Pipeline | WriteFile, token: str) -> None:
    script = job_program(action, token).encode()
    stdin = stdin_bytes(_stdin_of(action))
    words = (
        "bash",
        "-c",
        START,
        "start",
        job.folder,
        token,
        str(len(script)),
        str(len(stdin)),
        f"{job.timeout_s:g}",
        job.server.directory,
    )
    said = Bounded(0, 2_000)
    code = job.server.exchange(
        shell_join(words), f"start {job.words}", START_TIMEOUT_S, script + stdin, said.add, said.add
    )
    if code != 0:
        raise StepFailed(
            f"The job could not be started: {said.text().strip() or f'exit code {code}'}",
            where=f"{job.server.address}: {job.folder}",
            next_step="This step changed nothing. Look at the server's disk (df -h) and at the owner of the folder.",
        )


def _stdin_of(action: Command | Pipeline | WriteFile) -> str | bytes | Secret | None:
    if isinstance(action, WriteFile):
        return action.content
    if isinstance(action, Pipeline):
        return action.commands[0].stdin if action.commands else None
    return action.stdin


def _arrived(job: Job, token: str) -> bool:
    """Whether the job started before the link dropped. When it did not, its upload is withdrawn for good."""
    said = Bounded(0, 100)
    words = shell_join(("bash", "-c", CLAIM, "claim", job.folder, token))
    seen = FollowedJob()

    def ask() -> None:
        job.server.exchange(words, f"look for {job.folder}", START_TIMEOUT_S, b"", said.add, _ignore)

    if not _persist(job, seen, time.monotonic() + RECONNECT_LIMIT_S, ask):
        raise LinkDropped(
            "The link dropped while the job was being started, and the server cannot be reached again.",
            where=f"{job.server.address}: {job.words[:300]}",
            next_step=f"When the server is back, look into {job.folder}: without that folder the job never started.",
        )
    return said.text().split()[-1:] == ["started"]


def _follow(job: Job, seen: FollowedJob, deadline: float) -> None:
    """Read the job's stream until its end, through dropped links. Raises CommandTimedOut at the deadline."""

    def ask() -> None:
        seen.restart()
        words = shell_join(
            ("bash", "-c", FOLLOW, "follow", job.folder, str(seen.offsets["out"]), str(seen.offsets["err"]))
        )
        left = max(0.1, deadline - time.monotonic())
        job.server.exchange(words, f"follow {job.words}", left, None, seen.feed, _ignore)

    _persist(job, seen, deadline, ask)


def _persist(job: Job, seen: FollowedJob, deadline: float, ask: Callable[[], None]) -> bool:
    """Ask, and ask again after a dropped link; False, with the end noted, when the link stays away."""
    lost_at: float | None = None
    pause = FIRST_PAUSE_S
    while True:
        before = dict(seen.offsets)
        try:
            ask()
            return True
        except (LinkDropped, HostUnreachable) as error:
            now = time.monotonic()
            if lost_at is None or seen.offsets != before:
                lost_at, pause = now, FIRST_PAUSE_S
            if now - lost_at > RECONNECT_LIMIT_S:
                seen.end = "lost"
                return False
            if now > deadline:
                seen.end = "lost"
                return False
            if seen.on_output is not None:
                seen.on_output("link", f"{error.what} Trying again in {pause:g} s.\n")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)


_ENDS = {
    "dead": "the job's processes are gone and left no exit code: killed, out of memory, or the server restarted",
    "gone": "the job's folder is gone from the server",
    "lost": "the link dropped and the server cannot be reached again",
    "stop": "the job did not end when it was told to",
    "garbled": "the job's exit file cannot be read",
    "": "the job's end was not seen",
}


def _outcome(job: Job, seen: FollowedJob) -> JobOutcome:
    seconds = time.monotonic() - job.started
    code, message = None, ""
    if seen.exit is None:
        state, message = StepState.UNKNOWN, f"{_ENDS[seen.end]} ({job.folder})"
    else:
        code, why = int(seen.exit["exit_code"]), str(seen.exit.get("why", ""))
        if why == "timed out":
            state, message = StepState.TIMED_OUT, f"stopped on the server after {job.timeout_s:g} s"
        elif why:
            state, message = StepState.ABORTED, why
        elif code in job.accepts:
            state = StepState.PASSED
        else:
            state, message = StepState.FAILED, f"exit code {code}"
    return JobOutcome(state, code, seen.out.text(), seen.err.text(), seconds, message)


def _both_ends(job: Job, name: str, limit_bytes: int) -> str:
    kept = Bounded(limit_bytes, limit_bytes)
    program = (
        'cd -- "$1" && size=$(stat -c %s -- "$2") && echo "$size" && if [ "$size" -le $((2 * $3)) ]; '
        'then cat -- "$2"; else head -c "$3" -- "$2"; tail -c "$3" -- "$2"; fi'
    )
    words = shell_join(("bash", "-c", program, "output", job.folder, name, str(limit_bytes)))
    raw = Bounded(2 * limit_bytes + 100, 0)
    job.server.exchange(words, f"read {job.folder}/{name}", START_TIMEOUT_S, b"", raw.add, _ignore)
    size, _, content = raw.head.partition(b"\n")
    if not size.isdigit():
        return ""
    kept.add(content[:limit_bytes])
    kept.size += max(0, int(size) - len(content))
    kept.add(content[limit_bytes:])
    return kept.text()


def _ignore(data: bytes) -> None:
    """Output that nobody needs."""
