"""A server that is this machine: the same programs that go over SSH, run by a real bash without a network."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runbook_lib.connections import jobs
from runbook_lib.connections.session import LOGIN_LINE, Exchange, Reply, new_mark, session_program
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import CommandTimedOut, LinkDropped
from runbook_lib.environment.limits import Limits


class LocalServer:
    """Stands in for SshServer. The functions in `before` and `after` run around the next exchanges, one each."""

    def __init__(self, directory: Path) -> None:
        self.directory = str(directory)
        self.address = "deploy@here:22"
        self.changes_allowed = True
        self.limits = Limits()
        self.before: list[Callable[[str], None]] = []
        self.after: list[Callable[[str], None]] = []

    def exchange(self, exchange: Exchange) -> int:
        if self.before:
            self.before.pop(0)(exchange.doing)
        mark = new_mark()
        reply = Reply(self.address, mark, exchange.on_stdout, exchange.on_stderr)
        process = subprocess.Popen(["sh", "-c", LOGIN_LINE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(session_program(mark, exchange.argv, exchange.cwd, input_ends=exchange.stdin is not None) + (exchange.stdin or b""))
        process.stdin.flush()
        if exchange.stdin is not None:
            process.stdin.close()
        errors = process.stderr
        reader = threading.Thread(target=lambda: reply.take_stderr(errors.read()))
        reader.start()
        killer = threading.Timer(exchange.timeout_s, lambda: os.killpg(process.pid, signal.SIGKILL))
        killer.start()
        try:
            while data := process.stdout.read1(65_536):  # type: ignore[attr-defined]
                reply.take_stdout(data)
        finally:
            killer.cancel()
            if not process.stdin.closed:
                process.stdin.close()
        process.wait()
        reader.join()
        process.stdout.close()
        process.stderr.close()
        if reply.exit_code is None:
            raise CommandTimedOut("no end", where=self.address)
        if self.after:
            self.after.pop(0)(exchange.doing)
        return reply.exit_code


def drop(doing: str) -> None:
    """The link breaks here."""
    raise LinkDropped(f"the link dropped while doing: {doing}")


def nothing(doing: str) -> None:
    """The link holds."""


def eventually(question: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether it becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if question():
            return True
        time.sleep(0.02)
    return False


@contextmanager
def locked(lock: Path, *, shared: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """Another program holds the lock from here on, until its input ends or the block does."""
    lock.parent.mkdir(exist_ok=True)
    words = ("flock", "-s" if shared else "-x", str(lock), "sh", "-c", "echo held; cat")
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin and holder.stdout
        assert holder.stdout.readline() == b"held\n"
        yield holder
        holder.stdin.close()


def sh(text: str, **options: Any) -> Command:
    """A line for the shell."""
    return Command(("sh", "-c", text), **options)


def done(server: Any, action: Any, folder: str = "run/step", **options: Any) -> jobs.JobOutcome:
    """The outcome of an action as a job."""
    return jobs.wait(jobs.start(server, action, folder), **options)


def stop_asked(doing: str) -> None:
    """The operator presses Ctrl-C here."""
    raise KeyboardInterrupt


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
