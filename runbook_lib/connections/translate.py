"""Every error of sockets, SSH and HTTP libraries becomes one of ours here, once, with its cause chained.

A failure while connecting means that nothing happened on the server. A failure during an exchange means that
its outcome is unknown. The two are told apart by `connecting`.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import paramiko
import requests
from paramiko.ssh_exception import IncompatiblePeer

from runbook_lib.core.errors import (
    AuthenticationRefused,
    DockerUnavailable,
    EndpointUnavailable,
    FactUnreadable,
    HostKeyChanged,
    HostUnreachable,
    LinkDropped,
    RunbookError,
)

COMMAND_SHOWN = 300  # characters of a command in a message

_KEY_NEXT = (
    "Check that the environment's server.key_file is the private half of a key in the server user's authorized_keys."
)
_REACH_NEXT = "Check the address and port in the environment file, and that the server and its sshd are running."


@contextmanager
def translate_errors(address: str, doing: str, *, connecting: bool = False) -> Iterator[None]:
    """Turn library errors into ours. `doing` is the command or the exchange; it carries no secret (see plan.py)."""
    try:
        yield
    except RunbookError:
        raise
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise ssh_error(error, address, doing, connecting=connecting) from error


def ssh_error(error: BaseException, address: str, doing: str, *, connecting: bool) -> RunbookError:
    """The error of ours for one of paramiko's or of the socket's."""
    where = f"{address}: {doing[:COMMAND_SHOWN]}" if doing else address
    known = _refusal(error, where) or (_unreachable(error, where) if connecting else None)
    if known is not None:
        return _located(known, address, doing)
    dropped = LinkDropped(
        f"The link to {address} broke ({_reason(error)}); what became of the command is not known from here.",
        where=where,
        next_step="Run the notebook again: it asks the server what is true now before it does anything.",
    )
    return _located(dropped, address, doing)


def _refusal(error: BaseException, where: str) -> RunbookError | None:
    """An answer of the server (or of a key file), as opposed to silence or a broken link."""
    if isinstance(error, paramiko.BadHostKeyException):
        return HostKeyChanged(
            "The server shows another host key than the known one.",
            where=where,
            next_step="Stop. Find out why the key changed before anything else; if the server was rebuilt on purpose, "
            "replace its line in the environment's known-hosts file with a key read on the server itself.",
        )
    if isinstance(error, paramiko.PasswordRequiredException):
        return AuthenticationRefused("The private key is protected by a passphrase.", where=where, next_step=_KEY_NEXT)
    if isinstance(error, paramiko.AuthenticationException):
        return AuthenticationRefused("The server did not accept the key.", where=where, next_step=_KEY_NEXT)
    if isinstance(error, paramiko.ChannelException):
        return FactUnreadable(
            f"The server refused one more session ({_reason(error)}); nothing was run.",
            where=where,
            next_step="Look at MaxSessions and AllowTcpForwarding in the server's sshd configuration.",
        )
    return None


def _unreachable(error: BaseException, where: str) -> RunbookError:
    if isinstance(error, socket.gaierror):
        what = "The server's name does not resolve."
    elif isinstance(error, ConnectionRefusedError):
        what = "The server refuses connections on this port."
    elif isinstance(error, TimeoutError):
        what = "The server does not answer in time."
    elif isinstance(error, IncompatiblePeer):
        what = f"The server offers no acceptable SSH algorithm ({_reason(error)})."
    else:
        what = f"No SSH connection to the server ({_reason(error)})."
    return HostUnreachable(what, where=where, next_step=_REACH_NEXT)


def http_error(error: BaseException, url: str) -> RunbookError:
    """EndpointUnavailable for any error of requests, urllib3, ssl or a socket, in words an operator can use."""
    root = _root(error)
    if isinstance(error, (requests.exceptions.SSLError, ssl.SSLError)):
        what, next_step = f"TLS could not be established: {_reason(root)}", "Look at the certificate."
    elif isinstance(error, (requests.exceptions.Timeout, TimeoutError)):
        what, next_step = "No reply in time.", "Look whether nginx and the service behind it are running."
    elif isinstance(error, requests.exceptions.ConnectionError) or not isinstance(error, requests.RequestException):
        what = f"No connection: {_reason(root)}"
        next_step = "Check that nginx is running and that its port can be reached."
    else:
        what, next_step = f"No usable reply: {_reason(root)}", "Look at nginx's error log."
    return _located(EndpointUnavailable(what, where=url, next_step=next_step), url, "")


def _root(error: BaseException) -> BaseException:
    """The reason inside urllib3's and requests' wrappings."""
    for _ in range(5):
        inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
        if not isinstance(inner, BaseException):
            break
        error = inner
    return error


def docker_error(error: BaseException, address: str, doing: str) -> RunbookError:
    """DockerUnavailable, with the reason the engine or its socket gave."""
    return _located(
        DockerUnavailable(
            f"The server has no Docker Engine that answers ({_reason(error)}).",
            where=address,
            next_step="On the server: `systemctl status docker`, then `docker info` as the deploy user "
            "(it must be in the group docker).",
        ),
        address,
        doing,
    )


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return (text or type(error).__name__)[:COMMAND_SHOWN]


def _located(error: RunbookError, address: str, doing: str) -> RunbookError:
    """Attributes for callers that decide by them instead of by the message."""
    error.host = address  # type: ignore[attr-defined]
    error.command = doing  # type: ignore[attr-defined]
    return error
