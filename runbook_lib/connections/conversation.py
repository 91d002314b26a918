"""A program on the server that answers line by line, over one SSH session: for questions that would each start one."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from runbook_lib.connections.command_errors import not_accepted, timed_out, unreadable
from runbook_lib.connections.limits import Bounded
from runbook_lib.connections.receiving import code_at_end, receive
from runbook_lib.connections.session import LOGIN_LINE, Reply, conversation_program, new_mark
from runbook_lib.connections.ssh_library import paramiko
from runbook_lib.connections.streams import end_input
from runbook_lib.connections.translate import translate_errors
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import RunbookError
from runbook_lib.core.questions import CommandResult
from runbook_lib.core.redaction import Redactor

ANSWER_LIMIT = 32_000_000
ERROR_LIMIT = 64_000
END_WAIT_S = 2.0  # a program that has answered sees the end of its input at once


class SshConversation:
    """One program in the session `channel`. It begins with the first line that it is asked.

    After an answer that did not come it is never asked again: what comes late would be taken for the next answer.
    """

    def __init__(self, channel: paramiko.Channel, command: Command, address: str, redactor: Redactor) -> None:
        self._channel, self._command, self._address, self._redactor = channel, command, address, redactor
        self._doing = redactor.text(str(command))
        self._mark, self._began_at = new_mark(), 0.0
        self._answer, self._whole, self._errors = bytearray(), False, Bounded(ERROR_LIMIT, ERROR_LIMIT)
        self._reply = Reply(address, self._mark, self._take, self._errors.add)
        self._unanswered = False
        self._one_at_a_time = threading.Lock()

    @property
    def ended(self) -> bool:
        """Whether it can be asked no more: it has ended, or its last answer did not come."""
        with self._one_at_a_time:
            if not self._began_at or self._unanswered:
                return self._unanswered
            with suppress(TimeoutError, RunbookError):
                receive(self._channel, self._reply, lambda: self._reply.ended, 0.0)
            return self._reply.ended or self._channel.closed or bool(self._channel.eof_received)

    def ask(self, line: str, *, timeout_s: float) -> str | CommandResult:
        """What the program prints next, a line; or how it ended without one, where the command accepts that.

        Raises CommandTimedOut, LinkDropped, and what `SshServer.run` raises for an exit code that is not accepted.
        """
        deadline = time.monotonic() + timeout_s
        with self._one_at_a_time, translate_errors(self._address, self._doing):
            if self._unanswered or self._answer:
                raise self._unreadable("cannot be asked any more")
            self._unanswered = True
            self._send(line, timeout_s)
            try:
                receive(self._channel, self._reply, lambda: self._whole or self._reply.ended, deadline)
                if not self._whole:
                    return self._end(code_at_end(self._channel, self._reply, deadline))
            except TimeoutError:
                raise timed_out(self._doing, timeout_s, self._address) from None
            self._unanswered = False
            answer, _, self._answer = self._answer.partition(b"\n")
            self._whole = False
            return answer.decode("utf-8", "replace")

    def end(self) -> None:
        """Close the program's input; wait for its end where it has answered all that it was asked."""
        with suppress(paramiko.SSHException, OSError, EOFError, RunbookError):
            end_input(self._channel)
            if self._began_at and not self._unanswered:
                receive(self._channel, self._reply, lambda: self._reply.ended, time.monotonic() + END_WAIT_S)

    def _send(self, line: str, timeout_s: float) -> None:
        """Send a line. Where the program has ended, the server's side reads it away: it costs no connection."""
        data = line.encode() + b"\n"
        self._channel.settimeout(max(1.0, timeout_s))
        if not self._began_at:
            self._began_at = time.monotonic()
            self._channel.exec_command(LOGIN_LINE)
            data = conversation_program(self._mark, self._command.argv, self._command.cwd) + data
        # a program may end without reading its input, and a link that broke is seen by who reads
        with suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.sendall(data)

    def _take(self, data: bytes) -> None:
        self._answer += data
        self._whole = self._whole or b"\n" in data
        if len(self._answer) > ANSWER_LIMIT:
            raise self._unreadable(f"wrote more than {ANSWER_LIMIT // 1_000_000} MB")

    def _end(self, code: int) -> CommandResult:
        seconds = time.monotonic() - self._began_at
        result = CommandResult(self._doing, code, self._answer.decode("utf-8", "replace"), self._errors.text(), seconds)
        if code not in self._command.accepts:
            raise not_accepted(self._command, result, self._address, self._redactor)
        return result

    def _unreadable(self, how: str) -> RunbookError:
        return unreadable(self._command, how, self._address, self._redactor)
