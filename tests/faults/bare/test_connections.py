"""A server that cannot be reached, is not the known one, or does not know us: said clearly, at once."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.operators import FinishedRun, Operator, assert_error
from tests.lab_server import Lab
from tests.ports import unused_port

EnvironmentWith = Callable[..., str]


def back_up(operator: Operator, environment: str) -> FinishedRun:
    return operator.run("30_backup_database", environment=environment, apply=True)


def test_a_port_where_nobody_listens(operator: Operator, environment_with: EnvironmentWith) -> None:
    port = unused_port()
    ended = back_up(operator, environment_with(server={"port": port}))
    assert_error(ended, 4, "HostUnreachable", "refuses connections", f":{port}")


def test_a_host_that_takes_the_connection_and_says_nothing(operator: Operator, environment_with: EnvironmentWith) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        ended = back_up(operator, environment_with(server={"port": port, "connect_timeout_s": 2}))
    assert_error(ended, 4, "HostUnreachable", f":{port}")
    assert ended.events[-1]["elapsed_s"] < 120


def test_a_name_that_does_not_resolve(operator: Operator, environment_with: EnvironmentWith) -> None:
    ended = back_up(operator, environment_with(server={"host": "no-such-host.invalid"}))
    assert_error(ended, 4, "HostUnreachable", "does not resolve", "no-such-host.invalid")


def test_a_changed_host_key_stops_everything(operator: Operator, environment_with: EnvironmentWith, lab: Lab, tmp_path: Path) -> None:
    other = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + os.urandom(32)).decode()
    known = lab.instance.address.known_hosts.read_text().split()[0]
    (tmp_path / "known").write_text(f"{known} ssh-ed25519 {other}\n")
    ended = back_up(operator, environment_with(server={"known_hosts_file": "./known"}))
    assert_error(ended, 3, "HostKeyChanged", "differs from the recorded one", "Stop.")


def test_an_unknown_host_key_is_never_taken_in(operator: Operator, environment_with: EnvironmentWith, tmp_path: Path) -> None:
    known = tmp_path / "known"
    known.write_text("")
    ended = back_up(operator, environment_with(server={"known_hosts_file": str(known)}))
    assert_error(ended, 3, "HostKeyUnknown", "ssh-ed25519 SHA256:", str(known))
    assert known.read_text() == ""


def test_a_missing_known_hosts_file(operator: Operator, environment_with: EnvironmentWith) -> None:
    assert_error(back_up(operator, environment_with(server={"known_hosts_file": "./none"})), 2, "EnvironmentInvalid", "cannot be read")


def test_a_key_that_the_server_does_not_know(operator: Operator, environment_with: EnvironmentWith, tmp_path: Path) -> None:
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"), check=True)
    ended = back_up(operator, environment_with(server={"key_file": "./key"}))
    assert_error(ended, 4, "AuthenticationRefused", "did not accept the key", "authorized_keys")


@pytest.mark.parametrize(("content", "code", "error", "words"), [
    (None, 2, "EnvironmentInvalid", "cannot be read"), ("no key\n", 4, "AuthenticationRefused", "is not a private key")])
def test_a_key_file_that_is_none(operator: Operator, environment_with: EnvironmentWith, tmp_path: Path, content: str | None,
                                 code: int, error: str, words: str) -> None:
    if content is not None:
        (tmp_path / "key").write_text(content)
    assert_error(back_up(operator, environment_with(server={"key_file": "./key"})), code, error, words)


def test_plain_papermill_says_the_same_and_leaves_the_same_evidence(operator: Operator, environment_with: EnvironmentWith) -> None:
    port = unused_port()
    ended = operator.papermill("30_backup_database", "-r", "environment", environment_with(server={"port": port}))
    assert ended.code == 1
    assert "HostUnreachable: The server refuses connections on this port." in ended.output
    assert (ended.end["exit_code"], ended.end["state"]) == (4, "inconclusive")
