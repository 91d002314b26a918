"""The socket to sshd: directly, through a program, and what a program says that did not get there."""

from __future__ import annotations

import socket

import pytest

from runbook_lib.connections.dialling import dial, expand_tokens, jump_command, parse_hop
from runbook_lib.connections.ssh_config import Route
from runbook_lib.core.errors import HostUnreachable


@pytest.mark.parametrize(("hop", "parts"), [
    ("jump", ("", "jump", "")), ("ops@jump", ("ops", "jump", "")), ("jump:2222", ("", "jump", "2222")),
    ("ops@jump.example.com:22", ("ops", "jump.example.com", "22")), ("[::1]:2222", ("", "::1", "2222")),
    ("ops@[fe80::1%eth0]", ("ops", "fe80::1%eth0", "")), ("fe80::1", ("", "fe80::1", "")),
    ("ssh://ops@jump:2222/", ("ops", "jump", "2222")), ("a@b@jump", ("a@b", "jump", "")),
])
def test_a_hop_is_user_host_and_port(hop: str, parts: tuple[str, str, str]) -> None:
    assert parse_hop(hop) == parts


def test_a_jump_is_the_command_that_it_stands_for() -> None:
    words = jump_command(Route("::1", 2200, "/c", proxy_jump="a,ops@b:33"), "/known hosts", 10)
    assert words[:3] == ("ssh", "-F", "/c")
    assert words[-8:] == ("-l", "ops", "-p", "33", "-W", "[::1]:2200", "--", "b")
    through = next(word for word in words if word.startswith("ProxyCommand=ssh -F /c"))
    assert through.endswith("-W '[%h]:%p' -- a")
    assert {"BatchMode=yes", "StrictHostKeyChecking=yes"} <= set(words)
    assert 'GlobalKnownHostsFile="/etc/ssh/ssh_known_hosts" "/known hosts"' in words
    assert "-F" not in jump_command(Route("h", 22, proxy_jump="b"), "/k", 10)


def test_tokens_of_a_proxy_command() -> None:
    assert expand_tokens("nc %h %p # %r@%n 100%%", Route("10.0.0.1", 22), "deploy") == "nc 10.0.0.1 22 # deploy@10.0.0.1 100%"
    for command in ("nc %C", "nc %"):
        with pytest.raises(HostUnreachable, match="cannot be honoured"):
            expand_tokens(command, Route("h", 22), "deploy")


def test_a_proxy_command_is_the_socket() -> None:
    line = dial(Route("h", 22, proxy_command="sh -c 'echo to %h; cat'"), "deploy", "/k", 5, 8)
    try:
        line.socket.settimeout(5)
        assert line.socket.recv(100) == b"to h\n"
        assert line.failure("h") is None, "it is still running"
    finally:
        line.close()


def test_a_proxy_that_fails_is_quoted() -> None:
    line = dial(Route("h", 22, proxy_command="sh -c 'echo no route to h >&2; exit 5'"), "deploy", "/k", 5, 8)
    failure = line.failure("deploy@h:22")
    line.close()
    assert failure is not None
    assert "ProxyCommand did not reach the server: no route to h" in failure.what
    silent = dial(Route("h", 22, proxy_command="false"), "deploy", "/k", 5, 8)
    assert "exit code 1" in str(silent.failure("h"))
    silent.close()
    silent.close()


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", "any"), ("::1", "any"), ("localhost", "inet"),
                                              ("::1", "inet6")])
def test_addresses_of_either_family(host: str, family: str) -> None:
    wanted = "::1" if host == "::1" or family == "inet6" else "127.0.0.1"
    with socket.create_server((wanted, 0), family=socket.AF_INET6 if ":" in wanted else socket.AF_INET) as listener:
        line = dial(Route(host, listener.getsockname()[1], family=family), "deploy", "/k", 5, 8)
        accepted, _ = listener.accept()
        with accepted:
            accepted.sendall(b"SSH")
            assert line.socket.recv(3) == b"SSH"
        assert line.failure("h") is None
        line.close()


def test_a_port_where_none_listens_and_a_family_without_address() -> None:
    with pytest.raises(ConnectionRefusedError):
        dial(Route("127.0.0.1", 1), "deploy", "/k", 5, 8)
    with pytest.raises(OSError, match=r"address|Address|known"):
        dial(Route("127.0.0.1", 1, family="inet6"), "deploy", "/k", 5, 8)
