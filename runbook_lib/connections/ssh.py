"""Commands and files of the server over SSH: a deadline, bounded memory and a seen end for each."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import paramiko

from runbook_lib.connections.docker_errors import docker_unavailable
from runbook_lib.connections.limits import Bounded
from runbook_lib.connections.link import Link
from runbook_lib.connections.quoting import command_line, shell_join
from runbook_lib.connections.translate import translate_errors
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import CommandTimedOut, FactUnreadable
from runbook_lib.core.questions import CommandResult
from runbook_lib.core.redaction import Redactor, Secret

OUTPUT_LIMIT = 16_000_000
ERROR_LIMIT = 64_000
NO_SUCH_FILE = 66  # EX_NOINPUT of sysexits.h
_CHUNK = 65_536

# A folder that may not be entered hides its files: that is not "no such file".
_READ = f"""
if ! reason=$(LC_ALL=C stat -- "$1" 2>&1 >/dev/null); then
    case $reason in *"No such file"*|*"Not a directory"*) exit {NO_SUCH_FILE};; esac
    echo "$reason" >&2; exit 1
fi
exec head -c "$2" -- "$1"
"""

_NO_DOCKER = (
    "cannot connect to the docker daemon",
    "permission denied while trying to connect to the docker",
    "docker: command not found",
    "docker: not found",
    "error during connect",
    "is not a docker command",
)


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
            self._raise_for(command, result)
        if not complete:
            raise self._unreadable(command, f"wrote more than {OUTPUT_LIMIT // 1_000_000} MB")
        return result

    def execute(self, command: Command) -> CommandResult:
        """The result of a command, whatever its exit code; output beyond the limit is cut in the middle."""
        return self._finish(command)[0]

    def read(self, path: str, *, limit_bytes: int = 1_000_000) -> bytes | None:
        """The first `limit_bytes` of a file, or None where there is no such file. Raises FactUnreadable."""
        command = Command(("sh", "-c", _READ, "read", path, str(limit_bytes)))
        out, err = Bounded(limit_bytes, 0), Bounded(0, ERROR_LIMIT)
        code = self.exchange(command_line(command), f"read {path}", command.timeout_s, b"", out.add, err.add)
        if code == NO_SUCH_FILE:
            return None
        if code != 0:
            raise self._unreadable(Command(("cat", path)), f"ended with {code}: {err.text().strip()}")
        return out.head

    def exchange(
        self,
        line: str,
        doing: str,
        timeout_s: float,
        stdin: bytes | None,
        on_stdout: Callable[[bytes], None],
        on_stderr: Callable[[bytes], None],
    ) -> int:
        """Run a shell line and hand its output over as it comes; returns the exit code.

        With `stdin` None the input stays open and silent: its end shows the program that we are gone.
        Raises CommandTimedOut after `timeout_s`, LinkDropped when the end of the command was not seen.
        """
        doing = self._redactor.text(doing)
        deadline = time.monotonic() + timeout_s
        with self.link.session(doing) as channel, translate_errors(self.address, doing):
            channel.settimeout(max(1.0, timeout_s))
            channel.exec_command(line)
            feeder = _feed(channel, stdin)
            code = self._drain(channel, doing, deadline, timeout_s, on_stdout, on_stderr)
            if feeder is not None:
                feeder.join(1.0)
            return code

    def _drain(
        self,
        channel: paramiko.Channel,
        doing: str,
        deadline: float,
        timeout_s: float,
        on_stdout: Callable[[bytes], None],
        on_stderr: Callable[[bytes], None],
    ) -> int:
        ready = select.poll()
        ready.register(channel.fileno(), select.POLLIN)
        while True:
            ended = channel.closed or channel.eof_received
            while channel.recv_ready():
                on_stdout(channel.recv(_CHUNK))
            while channel.recv_stderr_ready():
                on_stderr(channel.recv_stderr(_CHUNK))
            if ended:
                break
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._timed_out(doing, timeout_s)
            ready.poll(min(left, 1.0) * 1000)
        if not channel.status_event.wait(max(0.0, deadline - time.monotonic())):
            raise self._timed_out(doing, timeout_s)
        # without the end-of-file mark the output is truncated; -1 stands for an exit code that paramiko never received
        if channel.exit_status == -1 or not channel.eof_received:
            raise EOFError("the channel closed before the command's end was seen")
        return int(channel.exit_status)

    def _finish(self, command: Command) -> tuple[CommandResult, bool]:
        out, err = Bounded(OUTPUT_LIMIT, _CHUNK), Bounded(ERROR_LIMIT, ERROR_LIMIT)
        started = time.monotonic()
        doing = str(command)
        code = self.exchange(command_line(command), doing, command.timeout_s, stdin_bytes(command.stdin), out.add,
                             err.add)
        seconds = time.monotonic() - started
        result = CommandResult(self._redactor.text(doing), code, out.text(), err.text(), seconds)
        return result, not out.left_out

    def _raise_for(self, command: Command, result: CommandResult) -> None:
        output = " ".join((result.stderr or result.stdout).split())[-500:]
        missing = command.argv[0] == "docker" and result.exit_code == 127
        if missing or any(message in output.lower() for message in _NO_DOCKER):
            raise docker_unavailable(self._redactor.text(output), self.address, result.command)
        raise self._unreadable(command, f"ended with exit code {result.exit_code}: {output or 'it printed nothing'}")

    def _unreadable(self, command: Command, how: str) -> FactUnreadable:
        return FactUnreadable(
            self._redactor.text(f"`{command.argv[0]}` on the server {how}"),
            where=self._redactor.text(f"{self.address}: {shell_join(command.argv)[:300]}"),
            next_step="Run the command on the server manually to see more.",
        )

    def _timed_out(self, doing: str, timeout_s: float) -> CommandTimedOut:
        return CommandTimedOut(
            f"The command did not end within {timeout_s:g} s.",
            where=f"{self.address}: {doing[:300]}",
            next_step="Check the server's load and disk; the command may still be running there.",
        )

    def close(self) -> None:
        """Close the link, and with it every session."""
        self.link.close()


def _feed(channel: paramiko.Channel, stdin: bytes | None) -> threading.Thread | None:
    """Send standard input while the output is read, so that neither side waits for the other; then close it."""
    if stdin is None:
        return None
    if len(stdin) <= 32_768:  # fits the first window: no thread needed
        with suppress(OSError):  # a program may end without reading its input
            channel.sendall(stdin)
            channel.shutdown_write()
        return None

    def send() -> None:
        with suppress(OSError, EOFError, paramiko.SSHException):
            channel.sendall(stdin)
            channel.shutdown_write()

    feeder = threading.Thread(target=send, name="ssh-stdin", daemon=True)
    feeder.start()
    return feeder
