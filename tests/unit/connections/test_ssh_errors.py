"""An answer of the server is not a broken link, and a broken link is not an answer."""

from __future__ import annotations

import paramiko
import pytest

from runbook_lib.connections.ssh_errors import ssh_error
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
