"""A program that keeps its SSH session: what a login shell printed before it is read away first."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from runbook_lib.connections.session import LOGIN_LINE, login_unusable, new_mark, stream_program
from runbook_lib.connections.ssh_library import paramiko
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


def words_of(error: BaseException) -> str:
    """Why an exchange failed: what the error says, and of a silence, which says nothing, that."""
    return str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)


class Timed(io.RawIOBase):
    """A channel in the place of `http.client`'s socket, whose exchange ends after `limit_s` seconds altogether, or
    after `silence_s` without a byte.

    A channel's own limit begins anew with each byte: a reply that drips would hold a step for hours.
    """

    def __init__(self, channel: Any, limit_s: float, silence_s: float) -> None:
        self._channel, self._silence_s, self._ends = channel, silence_s, time.monotonic() + limit_s

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """What has come, however little. Raises TimeoutError."""
        data = self._limited().recv(len(buffer))
        buffer[:len(data)] = data
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Send all of it. Raises TimeoutError."""
        self._limited().sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """The stream that a reply is read from."""
        return io.BufferedReader(self)

    def close(self) -> None:
        """Nothing: `http.client` closes its socket before it reads the reply, and the channel is its opener's."""

    def _limited(self) -> Any:
        left_s = self._ends - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("no whole reply in time")
        self._channel.settimeout(min(left_s, self._silence_s))
        return self._channel
