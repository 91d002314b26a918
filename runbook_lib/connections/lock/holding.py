"""Holding the lock: taken at the start, kept alive by heartbeats, taken again after a dropped link."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from runbook_lib.connections.lock.record import holder_record
from runbook_lib.connections.lock.refusals import refusal
from runbook_lib.connections.ssh import SshServer
from runbook_lib.connections.ssh_library import paramiko
from runbook_lib.connections.streams import close_quietly, end_input
from runbook_lib.connections.translate import translate_errors
from runbook_lib.core import programs
from runbook_lib.core.errors import CommandTimedOut, FactUnreadable, Refused, RunbookError

ACQUIRE = programs.text("connections/lock_state.sh", "connections/lock_acquire.sh")
RETAKE_S = 1.0
ANSWER_S = 15.0
# what the holder prunes: job folders of finished runs
KEEP_RUNS = 50
KEEP_DAYS = 30


class EnvironmentLock:
    """The lock as a context manager; raises LockHeld, naming who holds it, when it cannot be had at once.

    Raises PreconditionFailed in a folder that belongs to another Compose project.
    """

    def __init__(self, server: SshServer, environment: Any, owner: str, run_id: str, purpose: str) -> None:
        self._server, self._name, self._run_id = server, str(environment.name), run_id
        self._project = str(environment.project)
        self._variables = str(environment.compose.variables_file)
        self._limits = server.limits
        self._record = holder_record(self._name, owner, run_id, purpose)
        self._channel: paramiko.Channel | None = None
        self._number = 0
        self._taking = threading.Lock()
        self._released = threading.Event()
        self._heartbeat: threading.Thread | None = None

    def __enter__(self) -> Self:
        if not self._server.changes_allowed:
            raise Refused("Plan mode takes no lock.", where=self._server.address, next_step='Use mode = "apply".')
        self._take()
        self._released.clear()
        self._heartbeat = threading.Thread(target=self._beat, name="lock-heartbeat", daemon=True)
        self._heartbeat.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def held(self) -> bool:
        """Whether the holder on the server is still connected to this process."""
        channel = self._channel
        return channel is not None and not channel.closed and not channel.exit_status_ready()

    @property
    def fence(self) -> str:
        """What a job needs to start under this lock: the number, which grows with each holder, and the run."""
        return f"{self._number} {self._run_id}"

    def reacquire(self) -> None:
        """Hold the lock again after a dropped link.

        Raises LockHeld when another run has it or had it meanwhile, or when it was broken.
        """
        with self._taking:
            if not self.held():
                self._take()

    def release(self) -> None:
        """Release the lock, and wait until the holder has ended, so that the next run finds the lock free."""
        self._released.set()
        with self._taking:
            channel, self._channel = self._channel, None
        if channel is not None:
            with suppress(paramiko.SSHException, OSError, EOFError):
                end_input(channel)
                channel.status_event.wait(5.0)
            close_quietly(channel)
        if self._heartbeat is not None:
            self._heartbeat.join(1.0)

    def _take(self) -> None:
        doing = f"take the lock of {self._name}"
        argv = ("bash", "-c", ACQUIRE, "lock", self._server.directory, self._run_id,
                str(self._limits.lock_silence_s), str(KEEP_RUNS), str(KEEP_DAYS), str(self._number), self._project,
                self._variables)
        channel = self._server.link.open_stream(argv, doing, ANSWER_S)
        try:
            with translate_errors(self._server.address, doing):
                # a program that refuses at once has ended before it reads who asks; its answer says why
                with suppress(OSError):
                    channel.sendall(json.dumps(self._record).encode() + b"\n")
                answer, details = _first_line(channel, self._server.address)
            if answer != "taken":
                silence_s = self._limits.lock_silence_s
                raise refusal(self._server.address, self._name, answer, details, silence_s, self._project)
            self._number = int(details)
        except BaseException:
            close_quietly(channel)
            raise
        self._channel = channel

    def _beat(self) -> None:
        """Send heartbeats. Where the holder is gone, take the lock again before another run gets it."""
        last = time.monotonic()
        while not self._released.wait(RETAKE_S):
            channel = self._channel
            if channel is None or not self.held():
                # a refusal is raised by `reacquire` for the next step; after `release` nothing is taken
                with suppress(RunbookError), self._taking:
                    if not self._released.is_set() and not self.held():
                        self._take()
            elif time.monotonic() - last >= self._limits.lock_heartbeat_s:
                last = time.monotonic()
                with suppress(paramiko.SSHException, OSError, EOFError):
                    channel.sendall(b"\n")


def _first_line(channel: paramiko.Channel, address: str) -> tuple[str, str]:
    """The holder's answer and its details. Raises EOFError when it ended without one."""
    deadline = time.monotonic() + ANSWER_S
    output = b""
    while b"\n" not in output:
        channel.settimeout(max(0.1, deadline - time.monotonic()))
        try:
            data = channel.recv(4096)
        except TimeoutError as error:
            raise CommandTimedOut(f"The lock did not answer within {ANSWER_S:g} s.", where=address,
                                  next_step="Check the server's load and disk, then run the notebook again.") from error
        if not data:
            break
        output += data
    if b"\n" not in output:
        reason = channel.recv_stderr(1000).decode("utf-8", "replace").strip() if channel.recv_stderr_ready() else ""
        if not reason:
            raise EOFError("the channel closed before the lock answered")
        raise FactUnreadable(
            f"The lock cannot be taken: {reason}",
            where=address,
            next_step="Check the server's disk space (df -h) and the owner of its .runbook folder.",
        )
    answer, _, details = output.decode("utf-8", "replace").strip().partition(" ")
    return answer, details
