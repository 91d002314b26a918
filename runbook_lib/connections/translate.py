"""Every error of the libraries of connections becomes one of ours here, once, with its cause chained.

A failure while connecting means that nothing happened on the server. A failure during an exchange means that its
outcome is unknown. `connecting` distinguishes the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

from runbook_lib.connections.docker_errors import docker_error
from runbook_lib.connections.http_errors import http_error
from runbook_lib.connections.ssh_errors import ssh_error
from runbook_lib.core.errors import RunbookError

# by name: importing the Docker SDK costs a quarter of a second, and only runs that use it should pay
LIBRARIES = frozenset({"paramiko", "docker", "requests", "urllib3", "http", "ssl"})


class Over(Enum):
    """The protocol of an exchange: it decides what a bare socket error means."""

    SSH = auto()
    HTTP = auto()
    DOCKER = auto()


@contextmanager
def translate_errors(
    address: str, doing: str, *, over: Over = Over.SSH, connecting: bool = False
) -> Iterator[None]:
    """Turn library errors into ours. `doing` is the command or the exchange; it carries no secret (see core/plan.py).

    Errors of ours pass unchanged, and so do all others: a bug in the runbooks must not look like a lost connection.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, RunbookError) or not is_library_error(error):
            raise
        raise translate(error, address, doing, over=over, connecting=connecting) from error


def translate(
    error: BaseException, address: str, doing: str, *, over: Over = Over.SSH, connecting: bool = False
) -> RunbookError:
    """The error of ours for one of paramiko, docker, requests, urllib3, http.client, ssl or a socket.

    Its attributes `host` and `command` are for callers that decide by them instead of by the message.
    """
    library = library_of(error)
    if library == "docker" or (over is Over.DOCKER and library != "paramiko"):
        ours = docker_error(error, address)
    elif library == "paramiko" or (library == "" and over is Over.SSH):
        ours = ssh_error(error, address, doing, connecting=connecting)
    else:
        ours = http_error(error, doing)
    ours.host = address  # type: ignore[attr-defined]
    ours.command = doing  # type: ignore[attr-defined]
    return ours


def is_library_error(error: BaseException) -> bool:
    """Whether `translate` knows the error: one of a library's own classes, or of a socket's."""
    return isinstance(error, OSError | EOFError) or library_of(error) != ""


def library_of(error: BaseException) -> str:
    """The library whose class the error is, `paramiko` for example; empty for a bare OSError or EOFError."""
    tops = (kind.__module__.partition(".")[0] for kind in type(error).__mro__)
    return next((top for top in tops if top in LIBRARIES), "")
