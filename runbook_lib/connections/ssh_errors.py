"""What an error of paramiko, or of a socket below SSH, means to an operator."""

from __future__ import annotations

import socket

from runbook_lib.connections.limits import reason_of
from runbook_lib.connections.ssh_library import paramiko
from runbook_lib.core.errors import (
    AuthenticationRefused,
    FactUnreadable,
    HostKeyChanged,
    HostUnreachable,
    LinkDropped,
    RunbookError,
)
from runbook_lib.core.text import head_of

COMMAND_SHOWN = 300  # characters of a command in a message
_PROHIBITED = 1  # SSH_OPEN_ADMINISTRATIVELY_PROHIBITED of RFC 4254
_NO_REASON = "Unable to open channel."  # of paramiko
_KEY_NEXT = (
    "Check that the environment's server.key_file is the private half of a key in the server user's authorized_keys."
)
_REACH_NEXT = ("Check the address and port (server.host, server.port, or what --server was given), and that the server "
               "and its sshd are running.")
_ALGORITHM_NEXT = ("Allow one that this client has in the server's sshd configuration: KexAlgorithms "
                   "curve25519-sha256@libssh.org, Ciphers aes256-ctr, MACs hmac-sha2-512-etm@openssh.com, for example.")
_NAME_NEXT = "Check the name (server.host, or what --server was given) for a slip, and this machine's DNS or VPN."


def ssh_error(error: BaseException, address: str, doing: str, *, connecting: bool) -> RunbookError:
    """The server's refusal where there is one; HostUnreachable while connecting; LinkDropped during an exchange."""
    where = f"{address}: {head_of(doing, COMMAND_SHOWN)}" if doing else address
    refusal = _refusal(error, address, doing, where)
    if refusal is not None:
        return refusal
    if connecting:
        incompatible = isinstance(error, paramiko.ssh_exception.IncompatiblePeer)
        next_step = (_NAME_NEXT if isinstance(error, socket.gaierror)
                     else _ALGORITHM_NEXT if incompatible else _REACH_NEXT)
        return HostUnreachable(_why_unreachable(error), where=where, next_step=next_step)
    return LinkDropped(
        f"Connection to {address} lost ({reason_of(error)}); the outcome of the command is unknown.",
        where=where,
        next_step="Run the notebook again: it reads the state of the server before it changes anything.",
    )


def is_refused(error: BaseException, *, active: bool) -> bool:
    """Whether the server opens no such channel, on a connection that works: `active`.

    Of several channels that are refused at once paramiko gives the reason to one, and to the others none.
    """
    return isinstance(error, paramiko.ChannelException) or (
        active and isinstance(error, paramiko.SSHException) and str(error) == _NO_REASON)


def channel_refused(error: BaseException, address: str, doing: str, port: int | None = None) -> FactUnreadable:
    """Why a session, or the way to a `port` of the server's loopback, was refused."""
    where = f"{address}: {head_of(doing, COMMAND_SHOWN)}"
    if port is None:
        what = f"The server refused one more session ({reason_of(error)}); nothing was run."
        return FactUnreadable(what, where=where, next_step="Check MaxSessions in the server's sshd configuration.")
    if getattr(error, "code", None) == _PROHIBITED:
        return FactUnreadable(f"sshd does not let this user reach port {port} of the server.", where=where,
                              next_step="Check AllowTcpForwarding and PermitOpen in the server's sshd configuration.")
    return FactUnreadable(f"Nothing answers at port {port} of the server's loopback.", where=where,
                          next_step="See whether its service runs: docker ps --all, on the server.")


def _refusal(error: BaseException, address: str, doing: str, where: str) -> RunbookError | None:
    """An answer of the server (or of a key file), as opposed to silence or a broken link."""
    if isinstance(error, paramiko.BadHostKeyException):
        return HostKeyChanged(
            "The host key differs from the recorded one.",
            where=where,
            next_step="Stop. Find out why the key changed before anything else; if the server was rebuilt on purpose, "
            "replace its line in the environment's known-hosts file with a key read on the server itself.",
        )
    if isinstance(error, paramiko.PasswordRequiredException):
        return AuthenticationRefused("The private key is protected by a passphrase.", where=where, next_step=_KEY_NEXT)
    if isinstance(error, paramiko.AuthenticationException):
        return AuthenticationRefused("The server did not accept the key.", where=where, next_step=_KEY_NEXT)
    if isinstance(error, paramiko.ChannelException):
        return channel_refused(error, address, doing)
    return None


def _why_unreachable(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "The server's name does not resolve."
    if isinstance(error, ConnectionRefusedError):
        return "The server refuses connections on this port."
    if isinstance(error, TimeoutError):
        return "The server did not answer in time."
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        return f"The server offers no acceptable SSH algorithm ({reason_of(error)})."
    return f"No SSH connection to the server ({reason_of(error)})."
