"""A program that keeps its SSH session: what a login shell printed before it is read away first."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import paramiko

from runbook_lib.connections.session import LOGIN_LINE, login_unusable, new_mark, stream_program
from runbook_lib.core.errors import CommandTimedOut

ERRORS_WAIT_S = 1.0  # a wrapper may have closed standard error, and then its mark never comes


def begin_stream(channel: paramiko.Channel, argv: tuple[str, ...], address: str, timeout_s: float) -> None:
    """Start the program in the session `channel`; afterwards its streams are the program's own.

    Raises CommandTimedOut when it has not begun in time, LoginUnusable when the login shell ran something else, and
    what paramiko raises.
    """
    mark = new_mark()
    deadline = time.monotonic() + timeout_s
    channel.settimeout(timeout_s)
    channel.exec_command(LOGIN_LINE)
    with suppress(OSError):  # a login that ends at once reads nothing; what it printed says more
        channel.sendall(stream_program(mark, argv))
    try:
        noise = _read_to(channel, channel.recv, f"{mark} begin\n".encode(), deadline)
    except TimeoutError as error:
        raise CommandTimedOut(f"The login shell did not begin the command within {timeout_s:g} s.", where=address,
                              next_step="Check the server's load, and the start-up files of the user's login shell: "
                              "one may be waiting for input.") from error
    if noise is not None:
        with suppress(TimeoutError):
            noise += b"\n" + channel.recv_stderr(1000)
        raise login_unusable(address, noise)
    with suppress(TimeoutError):
        _read_to(channel, channel.recv_stderr, f"{mark} errors begin\n".encode(), time.monotonic() + ERRORS_WAIT_S)
    channel.settimeout(timeout_s)


def _read_to(channel: paramiko.Channel, receive: Callable[[int], bytes], mark: bytes, deadline: float) -> bytes | None:
    """Read to the end of the mark and no further; what came instead where the stream ended without it."""
    seen = bytearray()
    while not seen.endswith(mark):
        channel.settimeout(max(0.05, deadline - time.monotonic()))
        byte = receive(1)
        if not byte:
            return bytes(seen)
        seen += byte
    return None


def end_input(channel: paramiko.Channel) -> None:
    """Close the standard input of the channel's program. Raises what paramiko raises.

    Under the channel's lock, which `Channel.shutdown_write` releases before it sends: a session that ends in that
    moment is closed by paramiko's own thread, and sshd ends the whole connection over an end of input that comes later.
    """
    with channel.lock:
        message = channel._send_eof()  # type: ignore[attr-defined]
        if message is not None and channel.transport is not None:
            channel.transport._send_user_message(message)  # type: ignore[attr-defined]


def close_quietly(channel: paramiko.Channel) -> None:
    """Close a channel; on a broken link it cannot be announced, and the break is reported elsewhere."""
    with suppress(paramiko.SSHException, OSError, EOFError):
        channel.close()
