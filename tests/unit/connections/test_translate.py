"""Every library error becomes one of ours, with host and command kept."""

from __future__ import annotations

import inspect
import socket
import ssl

import pytest
import requests
import urllib3
from paramiko import ssh_exception

from runbook_lib.connections.translate import docker_error, http_error, ssh_error, translate_errors
from runbook_lib.core.errors import (
    AuthenticationRefused,
    DockerUnavailable,
    EndpointUnavailable,
    FactUnreadable,
    HostKeyChanged,
    HostUnreachable,
    LinkDropped,
    LockHeld,
    RunbookError,
)

REFUSALS = {
    "AuthenticationException": AuthenticationRefused,
    "PasswordRequiredException": AuthenticationRefused,
    "BadAuthenticationType": AuthenticationRefused,
    "PartialAuthentication": AuthenticationRefused,
    "UnableToAuthenticate": AuthenticationRefused,
    "ChannelException": FactUnreadable,
    "BadHostKeyException": HostKeyChanged,
}
SILENCES = {
    "SSHException",
    "IncompatiblePeer",
    "ProxyCommandFailure",
    "NoValidConnectionsError",
    "CouldNotCanonicalize",
    "ConfigParseError",
    "MessageOrderError",
}


def paramiko_errors() -> list[type[Exception]]:
    classes = [one for _, one in inspect.getmembers(ssh_exception, inspect.isclass)]
    return [one for one in classes if issubclass(one, Exception) and one.__module__.startswith("paramiko")]


def made(kind: type[Exception]) -> Exception:
    """An instance without calling constructors that want live keys and sockets."""
    error = type(kind.__name__, (kind,), {"__init__": Exception.__init__, "__str__": Exception.__str__})("reason")
    assert isinstance(error, kind)
    return error


def test_paramiko_has_no_error_that_this_test_does_not_know() -> None:
    assert {one.__name__ for one in paramiko_errors()} == REFUSALS.keys() | SILENCES


@pytest.mark.parametrize("kind", paramiko_errors(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("connecting", [True, False], ids=["connecting", "exchanging"])
def test_each_error_of_paramiko_becomes_one_of_ours(kind: type[Exception], connecting: bool) -> None:
    expected = REFUSALS.get(kind.__name__, HostUnreachable if connecting else LinkDropped)
    with pytest.raises(RunbookError) as caught, translate_errors("deploy@h:22", "df -P /", connecting=connecting):
        raise made(kind)
    assert type(caught.value) is expected
    assert caught.value.__cause__ is not None
    assert caught.value.host == "deploy@h:22"  # type: ignore[attr-defined]
    assert caught.value.command == "df -P /"  # type: ignore[attr-defined]
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "does not resolve"),
        (ConnectionRefusedError(111, "refused"), "refuses connections"),
        (TimeoutError("timed out"), "does not answer in time"),
        (OSError(113, "No route to host"), "No route to host"),
        (EOFError(), "EOFError"),
    ],
)
def test_no_connection_says_which_way_it_failed(error: Exception, words: str) -> None:
    ours = ssh_error(error, "deploy@h:22", "", connecting=True)
    assert isinstance(ours, HostUnreachable)
    assert words in ours.what


@pytest.mark.parametrize("error", [ConnectionResetError(), BrokenPipeError(), TimeoutError(), EOFError(), OSError()])
def test_a_break_in_an_exchange_leaves_the_outcome_unknown(error: Exception) -> None:
    assert isinstance(ssh_error(error, "deploy@h:22", "make", connecting=False), LinkDropped)


def test_an_error_of_ours_passes_unchanged() -> None:
    ours = LockHeld("held")
    with pytest.raises(LockHeld) as caught, translate_errors("h", "c"):
        raise ours
    assert caught.value is ours


def test_a_defect_is_not_dressed_up_as_a_broken_link() -> None:
    with pytest.raises(ZeroDivisionError), translate_errors("h", "c"):
        raise ZeroDivisionError


def requests_errors() -> list[type[Exception]]:
    classes = [one for _, one in inspect.getmembers(requests.exceptions, inspect.isclass)]
    return [one for one in classes if issubclass(one, requests.RequestException)]


@pytest.mark.parametrize("kind", requests_errors(), ids=lambda kind: kind.__name__)
def test_each_error_of_requests_becomes_endpoint_unavailable(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    Exception.__init__(error, "reason")
    ours = http_error(error, "https://h/health")
    assert type(ours) is EndpointUnavailable
    assert ours.where == "https://h/health"


def test_the_reason_is_dug_out_of_its_wrappings() -> None:
    pool = urllib3.HTTPSConnectionPool("127.0.0.1", 1)
    inner = ssl.SSLCertVerificationError(1, "certificate has expired")
    wrapped = requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(pool, "/", inner))
    assert "certificate has expired" in http_error(wrapped, "https://h/").what
    assert "Max retries" not in http_error(wrapped, "https://h/").what


def test_a_missing_engine_tells_the_next_step() -> None:
    ours = docker_error(RuntimeError("Cannot connect to the Docker daemon"), "deploy@h:22", "docker ps")
    assert isinstance(ours, DockerUnavailable)
    assert "Cannot connect" in ours.what
    assert "group docker" in ours.next_step
