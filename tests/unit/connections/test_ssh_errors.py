"""An answer of the server is not a broken link, and a broken link is not an answer."""

from __future__ import annotations

import socket

import paramiko
import pytest

from runbook_lib.connections.ssh_errors import channel_refused, is_refused, ssh_error
from runbook_lib.core.errors import (
    AuthenticationRefused,
    FactUnreadable,
    HostUnreachable,
    LinkDropped,
    RunbookError,
)

ADDRESS = "deploy@h:22"


@pytest.mark.parametrize("connecting", [True, False])
@pytest.mark.parametrize(("error", "kind", "what"), [
    (paramiko.AuthenticationException("denied"), AuthenticationRefused, "did not accept the key"),
    (paramiko.PasswordRequiredException("locked"), AuthenticationRefused, "protected by a passphrase"),
    (paramiko.ChannelException(4, "Resource shortage"), FactUnreadable, "refused one more session"),
])
def test_a_refusal_is_the_same_before_and_during_an_exchange(
    error: Exception, kind: type[RunbookError], what: str, connecting: bool
) -> None:
    ours = ssh_error(error, ADDRESS, "df", connecting=connecting)
    assert type(ours) is kind
    assert what in ours.what
    assert ours.where == f"{ADDRESS}: df"


def test_a_failure_while_connecting_changed_nothing_and_one_later_may_have() -> None:
    error = paramiko.SSHException("Error reading SSH protocol banner")
    assert type(ssh_error(error, ADDRESS, "df", connecting=True)) is HostUnreachable
    dropped = ssh_error(error, ADDRESS, "df", connecting=False)
    assert type(dropped) is LinkDropped
    assert "banner" in dropped.what


def test_a_name_that_does_not_resolve_sends_no_one_to_the_servers_sshd() -> None:
    unknown = ssh_error(socket.gaierror(-2, "Name or service not known"), ADDRESS, "", connecting=True)
    assert unknown.what == "The server's name does not resolve."
    assert "server.host" in unknown.next_step
    assert "sshd" not in unknown.next_step
    refused = ssh_error(ConnectionRefusedError(111, "refused"), ADDRESS, "", connecting=True)
    assert "server.port" in refused.next_step


@pytest.mark.parametrize(("error", "port", "words"), [
    (paramiko.ChannelException(1, "Administratively prohibited"), 9090, "sshd does not let this user reach port 9090 of the server."),
    (paramiko.ChannelException(2, "Connect failed"), 9090, "Nothing answers at port 9090 of the server's loopback."),
    (paramiko.SSHException("Unable to open channel."), 9090, "Nothing answers at port 9090 of the server's loopback."),
    (paramiko.ChannelException(4, "Resource shortage"), None, "refused one more session"),
])
def test_a_channel_that_is_refused_is_named_by_what_it_was_for(error: Exception, port: int | None, words: str) -> None:
    assert is_refused(error, active=True)
    found = channel_refused(error, "deploy@host", "a question", port)
    assert words in found.what and found.where == "deploy@host: a question" and found.next_step


@pytest.mark.parametrize(("error", "active"), [(paramiko.SSHException("Unable to open channel."), False), (EOFError(), True),
                                               (paramiko.SSHException("Timeout opening channel."), True)])
def test_a_connection_that_broke_is_no_refusal(error: Exception, active: bool) -> None:
    assert not is_refused(error, active=active)
