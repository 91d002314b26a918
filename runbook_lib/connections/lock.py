"""One operation at a time: the environment lock, a kernel `flock` on the server that dies with its holder.

The holder is a remote process whose input is our channel. It ends when the channel closes (we ended, were killed, or
the connection broke) and when our heartbeats stay away for SILENCE_S (a black hole between us). Jobs hold a second
lock, shared, so that work which outlives its run still keeps others out.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import paramiko

from runbook_lib.connections.link import close_quietly
from runbook_lib.connections.lock_program import BREAK, HOLD, KEEP_DAYS, KEEP_RUNS, LOOK
from runbook_lib.connections.quoting import shell_join
from runbook_lib.connections.ssh import SshServer
from runbook_lib.connections.translate import translate_errors
from runbook_lib.core.errors import (
    CommandTimedOut,
    FactUnreadable,
    LockHeld,
    PreconditionFailed,
    Refused,
    RunbookError,
)

HEARTBEAT_S = 5.0
RETAKE_S = 1.0
SILENCE_S = 25
ANSWER_S = 15.0
DOOR_KEEPER = "the door keeper"  # the name by which it breaks the lock of a run that left users before a closed door
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class EnvironmentLock:
    """The lock as a context manager; raises LockHeld, naming who holds it, when it cannot be had at once."""

    def __init__(self, server: SshServer, environment: Any, owner: str, run_id: str, purpose: str) -> None:
        if not _RUN_ID.fullmatch(run_id):
            raise ValueError(f"not a run id: {run_id!r}")
        self._server, self._name, self._run_id = server, str(environment.name), run_id
        self._record = {
            "environment": self._name,
            "owner": owner,
            "run_id": run_id,
            "purpose": purpose,
            "from": socket.gethostname(),
            "started": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self._channel: paramiko.Channel | None = None
        self._taking = threading.Lock()
        self._enough = threading.Event()
        self._beats: threading.Thread | None = None

    def __enter__(self) -> Self:
        if not self._server.changes_allowed:
            raise Refused("Plan mode takes no lock.", where=self._server.address, next_step='Use mode = "apply".')
        self._take()
        self._enough.clear()
        self._beats = threading.Thread(target=self._beat, name="lock-heartbeat", daemon=True)
        self._beats.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def held(self) -> bool:
        """Whether the holder on the server still answers to us."""
        channel = self._channel
        return channel is not None and not channel.closed and not channel.exit_status_ready()

    def ensure(self) -> None:
        """Hold the lock again after a dropped link. Raises LockHeld when another got in, or when it was broken."""
        with self._taking:
            if not self.held():
                self._take()

    def release(self) -> None:
        """Let go, and wait until the holder has ended, so that the next one finds the lock free."""
        self._enough.set()
        with self._taking:
            channel, self._channel = self._channel, None
        if channel is not None:
            with suppress(paramiko.SSHException, OSError, EOFError):
                channel.shutdown_write()
                channel.status_event.wait(5.0)
            close_quietly(channel)
        if self._beats is not None:
            self._beats.join(1.0)

    def _take(self) -> None:
        doing = f"take the lock of {self._name}"
        channel = self._server.link.open_session(doing)
        try:
            with translate_errors(self._server.address, doing):
                words = ("bash", "-c", HOLD, "lock", self._server.directory, self._run_id, str(SILENCE_S),
                         str(KEEP_RUNS), str(KEEP_DAYS))
                channel.exec_command(shell_join(words))
                channel.sendall(json.dumps(self._record).encode() + b"\n")
                answer, said = _first_line(channel, self._server.address)
            if answer != "taken":
                raise _refusal(self._server.address, self._name, answer, said)
        except BaseException:
            close_quietly(channel)
            raise
        self._channel = channel

    def _beat(self) -> None:
        """Tell the holder that we live. Where it is gone, be back before anybody takes us for dead."""
        beaten = time.monotonic()
        while not self._enough.wait(RETAKE_S):
            channel = self._channel
            if channel is None or not self.held():
                # what is in the way is raised by `ensure` for whoever acts next; after `release` nothing is taken
                with suppress(RunbookError), self._taking:
                    if not self._enough.is_set() and not self.held():
                        self._take()
            elif time.monotonic() - beaten >= HEARTBEAT_S:
                beaten = time.monotonic()
                with suppress(paramiko.SSHException, OSError, EOFError):
                    channel.sendall(b"\n")


def holder(server: SshServer) -> dict[str, Any] | None:
    """Who holds the environment now: the record (owner, run_id, purpose, started, heartbeat), or None when it is free.

    Work left over from a run without a holder comes as {"jobs": [folder, …]}.
    """
    answer, said = _ask(server, ("bash", "-c", LOOK, "lock", server.directory))
    if answer == "free":
        return None
    if answer == "busy":
        return {"jobs": said.split()}
    if answer == "held":
        return _parsed(said)
    raise FactUnreadable("The state of the lock could not be read.", where=server.address, next_step="Ask again.")


def break_lock(server: SshServer, environment: Any, owner_typed: str, by: str) -> dict[str, Any]:
    """Take the lock from its holder; `owner_typed` must be the owner's name as the lock shows it, `by` is who takes it.

    Returns the record of who held it, for the journal. The run that loses it finds out before its next step. A job of
    that run goes on until its own deadline and keeps others out until then. Raises PreconditionFailed.
    """
    if not server.changes_allowed:
        raise Refused("Plan mode breaks no lock.", where=server.address, next_step='Use mode = "apply".')
    record = holder(server)
    where = f"{server.address}: {environment.name}"
    if record is None or "owner" not in record:
        raise PreconditionFailed("Nobody holds the lock.", where=where, next_step=_jobs_told(record))
    if owner_typed != record["owner"]:
        raise PreconditionFailed(
            f"The lock is held by {record['owner']!r}, not by {owner_typed!r}.",
            where=where,
            next_step="Speak with the owner first; then type the owner exactly as it is shown.",
        )
    run_id = str(record.get("run_id", ""))
    if not _RUN_ID.fullmatch(run_id):
        raise FactUnreadable("The lock's record names no run.", where=where, next_step="Look into .runbook/lock.json.")
    note = json.dumps(
        {
            "by": by,
            "from": socket.gethostname(),
            "owner": record["owner"],
            "run_id": run_id,
            "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )
    holding = (str(record.get("pid", 0)), str(record.get("born", 0)))
    words = ("bash", "-c", BREAK, "lock", server.directory, *holding, run_id)
    said: list[bytes] = []
    if server.exchange(shell_join(words), "break the lock", ANSWER_S, note.encode() + b"\n", said.append, said.append):
        told = b"".join(said).decode("utf-8", "replace").strip()
        raise PreconditionFailed(f"The lock could not be broken: {told}", where=where, next_step="Look on the server.")
    return record


def _ask(server: SshServer, words: tuple[str, ...]) -> tuple[str, str]:
    said: list[bytes] = []
    server.exchange(shell_join(words), "look at the lock", ANSWER_S, b"", said.append, lambda data: None)
    answer, _, rest = b"".join(said).decode("utf-8", "replace").strip().partition(" ")
    return answer, rest


def _first_line(channel: paramiko.Channel, address: str) -> tuple[str, str]:
    """The holder's answer; EOFError when it ended without one."""
    deadline = time.monotonic() + ANSWER_S
    said = b""
    while b"\n" not in said:
        channel.settimeout(max(0.1, deadline - time.monotonic()))
        try:
            data = channel.recv(4096)
        except TimeoutError as error:
            raise CommandTimedOut(f"The lock did not answer in {ANSWER_S:g} s.", where=address, next_step="") from error
        if not data:
            break
        said += data
    if b"\n" not in said:
        trouble = channel.recv_stderr(1000).decode("utf-8", "replace").strip() if channel.recv_stderr_ready() else ""
        if not trouble:
            raise EOFError("the channel closed before the lock answered")
        raise FactUnreadable(
            f"The lock cannot be taken: {trouble}",
            where=address,
            next_step="Look at the server's disk (df -h) and at the owner of its .runbook folder.",
        )
    answer, _, rest = said.decode("utf-8", "replace").strip().partition(" ")
    return answer, rest


def _refusal(address: str, name: str, answer: str, said: str) -> RunbookError:
    where = f"{address}: {name}"
    if answer == "broken":
        by = _parsed(said)
        if by.get("by") == DOOR_KEEPER:
            return LockHeld(
                f"Nobody held the environment for a while, so {DOOR_KEEPER} on the server took over at "
                f"{by.get('at', 'some time')}: it lets users in on the database that now has the name.",
                where=where,
                next_step="Run the notebook again at once: it finishes what was begun.",
            )
        return LockHeld(
            f"This run's lock was broken by {by.get('by', 'somebody')} (from {by.get('from', 'an unknown host')}) at "
            f"{by.get('at', 'an unknown time')}.",
            where=where,
            next_step="Another operator has taken over: speak with them, then start a new run.",
        )
    if answer == "busy":
        return LockHeld(
            "Work of an earlier run is still going on there.", where=where, next_step=_jobs_told({"jobs": said.split()})
        )
    who = _parsed(said)
    return LockHeld(
        f"{who.get('owner', 'Another operation')} holds the environment since {who.get('started', 'an unknown time')} "
        f"for {who.get('purpose', 'an unknown purpose')} (run {who.get('run_id', 'unknown')}, from "
        f"{who.get('from', 'an unknown host')}, last heartbeat {who.get('heartbeat', 'unknown')}).",
        where=where,
        next_step="Wait until it is done, or speak with the owner. A dead holder's lock frees itself within "
                  f"{SILENCE_S} s.",
    )


def _jobs_told(record: dict[str, Any] | None) -> str:
    jobs = (record or {}).get("jobs")
    if jobs is None:
        return "Go on: nothing is in the way."
    named = ", ".join(jobs) or "a job that left no folder"
    return (f"Still running: {named}. It ends by itself, at the latest at its deadline; then run the notebook again. "
            f"Its output is in {'that folder' if len(jobs) < 2 else 'those folders'} below .runbook.")


def _parsed(said: str) -> dict[str, Any]:
    try:
        record = json.loads(said)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
