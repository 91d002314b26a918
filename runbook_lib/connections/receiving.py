"""What a session prints, handed over as it comes: to a line's end, or to the end of the command."""

from __future__ import annotations

import select
import time
from collections.abc import Callable

from runbook_lib.connections.session import Reply
from runbook_lib.connections.ssh_library import paramiko

CHUNK = 65_536


def receive(channel: paramiko.Channel, reply: Reply, enough: Callable[[], bool], deadline: float) -> bool:
    """Hand over what comes until it is `enough`; False where nothing more can come.

    Raises TimeoutError after `deadline` (of the monotonic clock), and what the receivers of `reply` raise.
    """
    ready = select.poll()
    ready.register(channel.fileno(), select.POLLIN)
    while True:
        ended = channel.closed or channel.eof_received
        while channel.recv_ready():
            reply.take_stdout(channel.recv(CHUNK))
        while channel.recv_stderr_ready():
            reply.take_stderr(channel.recv_stderr(CHUNK))
        if enough():
            return True
        if ended:
            return False
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        ready.poll(min(left, 1.0) * 1000)


def code_at_end(channel: paramiko.Channel, reply: Reply, deadline: float) -> int:
    """The command's own exit code, once nothing more can come.

    Raises EOFError where the end of the command was not seen, LoginUnusable where it never began, TimeoutError.
    """
    if reply.exit_code is not None:
        return reply.exit_code
    # an exit code is the server's last word; a link that broke brings none, and what ran then is unknown
    if not channel.status_event.wait(max(0.0, deadline - time.monotonic())):
        raise TimeoutError
    if channel.exit_status == -1 or not channel.eof_received or reply.began:
        killed = channel.transport is not None and channel.transport.is_active()
        raise EOFError("the command was killed on the server, or its session was" if killed
                       else "the channel closed before the command's end was seen")
    raise reply.never_began()
