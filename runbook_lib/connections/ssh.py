"""Commands and files of the server over SSH: a deadline, bounded memory and a seen end for each."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from runbook_lib.connections.command_errors import not_accepted, timed_out, unreadable
from runbook_lib.connections.conversation import SshConversation
from runbook_lib.connections.limits import Bounded
from runbook_lib.connections.link import Link
from runbook_lib.connections.receiving import CHUNK, code_at_end, receive
from runbook_lib.connections.session import LOGIN_LINE, Exchange, Reply, new_mark, session_program
from runbook_lib.connections.ssh_library import paramiko
from runbook_lib.connections.streams import end_input
from runbook_lib.connections.translate import translate_errors
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import CommandResult
from runbook_lib.core.redaction import Redactor, Secret

OUTPUT_LIMIT = 16_000_000
ERROR_LIMIT = 64_000
NO_SUCH_FILE = 66  # EX_NOINPUT of sysexits.h
READ_TIMEOUT_S = 60.0

# A folder that may not be entered hides its files: that is not "no such file".
_READ = f"""
if ! reason=$(stat -- "$1" 2>&1 >/dev/null); then
    case $reason in *"No such file"*|*"Not a directory"*) exit {NO_SUCH_FILE};; esac
    echo "$reason" >&2; exit 1
fi
exec head -c "$2" -- "$1"
"""


def stdin_bytes(stdin: str | bytes | Secret | None) -> bytes:
    """The bytes for a command's standard input: the one place in SSH where a secret becomes text."""
    if stdin is None:
        return b""
    if isinstance(stdin, Secret):
        return stdin.reveal().encode()
    return stdin.encode() if isinstance(stdin, str) else stdin


class SshServer:
    """The staging server. `changes_allowed` is False in plan mode: no job starts and no lock is taken then."""

    def __init__(
        self, link: Link, directory: str = "/", redactor: Redactor | None = None, *, changes_allowed: bool = True
    ) -> None:
        self.link = link
        self.address = link.address
        self.limits = link.limits
        self.directory = directory
        self.changes_allowed = changes_allowed
        self._redactor = redactor or Redactor()

    def run(self, command: Command) -> CommandResult:
        """Run a read-only command to its end.

        Raises FactUnreadable for an exit code outside `command.accepts` or more output than is kept,
        DockerUnavailable where the engine does not answer, CommandTimedOut, LinkDropped, HostUnreachable.
        """
        result, complete = self._finish(command)
        if result.exit_code not in command.accepts:
            raise not_accepted(command, result, self.address, self._redactor)
        if not complete:
            raise self._unreadable(command, f"wrote more than {OUTPUT_LIMIT // 1_000_000} MB")
        return result

    def execute(self, command: Command) -> CommandResult:
        """The result of a command, whatever its exit code; output beyond the limit is cut in the middle."""
        return self._finish(command)[0]

    def read(self, path: str, *, limit_bytes: int = 1_000_000) -> bytes | None:
        """The first `limit_bytes` of a file, or None where there is no such file. Raises FactUnreadable."""
        argv = ("sh", "-c", _READ, "read", path, str(limit_bytes))
        out, err = Bounded(limit_bytes, 0), Bounded(0, ERROR_LIMIT)
        code = self.exchange(Exchange(argv, f"read {path}", READ_TIMEOUT_S, b"", out.add, err.add))
        if code == NO_SUCH_FILE:
            return None
        if code != 0:
            raise self._unreadable(Command(("cat", path)), f"ended with {code}: {err.text().strip()}")
        return out.head

    def download(self, command: Command, to: Path, *, limit_bytes: int) -> CommandResult:
        """Run a read-only command and write its output to a new file of this machine (mode 0600), byte for byte.

        Raises what `run` raises; more than `limit_bytes` ends the command, and leaves what had come in the file.
        """
        err, started, size = Bounded(ERROR_LIMIT, ERROR_LIMIT), time.monotonic(), 0
        with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:

            def receive(data: bytes) -> None:
                nonlocal size
                size += len(data)
                if size > limit_bytes:
                    raise self._unreadable(command, f"wrote more than {limit_bytes / 1_000_000:.3g} MB")
                file.write(data)

            code = self.exchange(Exchange(command.argv, str(command), command.timeout_s, stdin_bytes(command.stdin),
                                          receive, err.add, command.cwd))
        result = CommandResult(self._redactor.text(str(command)), code, "", err.text(), time.monotonic() - started)
        if code not in command.accepts:
            raise not_accepted(command, result, self.address, self._redactor)
        return result

    def exchange(self, exchange: Exchange) -> int:
        """Run a program and hand its output over as it comes; returns its own exit code.

        Raises CommandTimedOut after its `timeout_s`, LinkDropped when the end of the command was not seen,
        LoginUnusable where the server's login runs no commands.
        """
        exchange = replace(exchange, doing=self._redactor.text(exchange.doing))
        deadline = time.monotonic() + exchange.timeout_s
        mark = new_mark()
        with self.link.session(exchange.doing) as channel, translate_errors(self.address, exchange.doing):
            channel.settimeout(max(1.0, exchange.timeout_s))
            channel.exec_command(LOGIN_LINE)
            program = session_program(mark, exchange.argv, exchange.cwd, input_ends=exchange.stdin is not None)
            feeder = _feed(channel, program, exchange.stdin)
            reply = Reply(self.address, mark, exchange.on_stdout, exchange.on_stderr)
            code = self._drain(channel, exchange, reply, deadline)
            if feeder is not None:
                feeder.join(1.0)
            return code

    def _drain(self, channel: paramiko.Channel, exchange: Exchange, reply: Reply, deadline: float) -> int:
        try:
            receive(channel, reply, lambda: reply.ended, deadline)
            return code_at_end(channel, reply, deadline)
        except TimeoutError:
            raise timed_out(exchange.doing, exchange.timeout_s, self.address) from None

    def _finish(self, command: Command) -> tuple[CommandResult, bool]:
        out, err = Bounded(OUTPUT_LIMIT, CHUNK), Bounded(ERROR_LIMIT, ERROR_LIMIT)
        started = time.monotonic()
        code = self.exchange(Exchange(command.argv, str(command), command.timeout_s, stdin_bytes(command.stdin),
                                      out.add, err.add, command.cwd))
        seconds = time.monotonic() - started
        result = CommandResult(self._redactor.text(str(command)), code, out.text(), err.text(), seconds)
        return result, not out.left_out

    @contextmanager
    def converse(self, command: Command) -> Iterator[SshConversation]:
        """A read-only program that answers line by line; its input, and with it the program, ends with the block."""
        with self.link.session(self._redactor.text(str(command))) as channel:
            talk = SshConversation(channel, command, self.address, self._redactor)
            try:
                yield talk
            finally:
                talk.end()

    def _unreadable(self, command: Command, how: str) -> FactUnreadable:
        return unreadable(command, how, self.address, self._redactor)

    def close(self) -> None:
        """Close the link, and with it every session."""
        self.link.close()


def _feed(channel: paramiko.Channel, program: bytes, stdin: bytes | None) -> threading.Thread | None:
    """Send the program and its input while the output is read, so that neither side waits; then close the input."""

    def send() -> None:
        # a program may end without reading its input, and a link that broke is seen by who reads
        with suppress(OSError, EOFError, paramiko.SSHException):
            channel.sendall(program + (stdin or b""))
            if stdin is not None:
                end_input(channel)

    if len(program) + len(stdin or b"") <= 32_768:  # fits the first window: no thread needed
        send()
        return None
    feeder = threading.Thread(target=send, name="ssh-stdin", daemon=True)
    feeder.start()
    return feeder
