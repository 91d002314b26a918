"""Connections to a server with nothing but sshd: what they say when all is healthy, and when something is not."""

from __future__ import annotations

import shutil
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paramiko
import pytest
from paramiko.common import MSG_CHANNEL_DATA, MSG_CHANNEL_EOF

from runbook_lib.connections import open_connections
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import (
    AuthenticationRefused,
    CommandTimedOut,
    DockerUnavailable,
    FactUnreadable,
    HostKeyChanged,
    HostKeyUnknown,
    HostUnreachable,
    LinkDropped,
)
from runbook_lib.core.redaction import Secret
from runbook_lib.platform.facts.containers import survey_containers

if TYPE_CHECKING:
    from runbook_lib.connections import OpenConnections
    from runbook_lib.environment import Environment


def elsewhere(environment: Environment, **server: Any) -> OpenConnections:
    """Connections to the same environment with another address, key or known-hosts file."""
    changed = environment.server.model_copy(update=server)
    return open_connections(environment.model_copy(update={"server": changed}))


def sh(text: str, **options: Any) -> Command:
    return Command(("sh", "-c", text), **options)


def test_many_commands_side_by_side_share_one_connection(connections: OpenConnections) -> None:
    server = connections.server
    with ThreadPoolExecutor(20) as together:
        said = list(together.map(lambda n: server.run(sh(f"sleep 0.05; echo {n}")).stdout, range(60)))
    assert said == [f"{n}\n" for n in range(60)]
    peers = server.run(sh("pgrep -u $(id -u) -c sshd")).stdout.split()
    assert int(peers[0]) <= 2


def test_standard_output_and_error_are_drained_together(connections: OpenConnections) -> None:
    command = sh("head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero; wc -c", stdin="x" * 3_000_000)
    assert connections.server.run(command).stdout.split("\0")[-1].strip() == "3000000"


def test_more_output_than_is_kept_is_not_parsed(connections: OpenConnections) -> None:
    with pytest.raises(FactUnreadable, match="more than"):
        connections.server.run(sh("head -c 30000000 /dev/zero"))


def test_an_exit_code_is_the_commands_own(connections: OpenConnections) -> None:
    assert connections.server.execute(sh("exit 41")).exit_code == 41
    assert connections.server.execute(sh("kill -9 $$")).exit_code == 137
    with pytest.raises(FactUnreadable, match="exit code 41"):
        connections.server.run(sh("exit 41"))


def test_a_command_that_never_ends_meets_its_deadline(connections: OpenConnections) -> None:
    started = time.monotonic()
    with pytest.raises(CommandTimedOut):
        connections.server.run(sh("sleep 600", timeout_s=1))
    assert time.monotonic() - started < 300


def test_a_link_that_breaks_in_a_command_leaves_its_outcome_open(connections: OpenConnections) -> None:
    server = connections.server
    server.run(sh("true"))
    with ThreadPoolExecutor(1) as alongside:
        begun = f"/tmp/{uuid.uuid4().hex}"
        asked = alongside.submit(server.execute, sh(f"echo half; touch {begun}; sleep 300; echo whole"))
        while server.execute(sh(f"test -e {begun}")).exit_code:
            time.sleep(0.1)
        server.link.transport().sock.close()
        with pytest.raises(LinkDropped):
            asked.result()


def test_a_session_that_opens_slowly_costs_a_running_command_nothing(connections: OpenConnections, monkeypatch: pytest.MonkeyPatch) -> None:
    server = connections.server
    first = server.link.transport()

    def too_slow(*_: Any, **__: Any) -> None:
        raise paramiko.SSHException("Timeout opening channel.")

    with ThreadPoolExecutor(1) as alongside:
        name = f"/tmp/{uuid.uuid4().hex}"
        asked = alongside.submit(server.execute, sh(f"touch {name}; while [ -e {name} ]; do sleep 0.1; done; echo whole", timeout_s=300))
        while server.execute(sh(f"test -e {name}")).exit_code:
            time.sleep(0.1)
        monkeypatch.setattr(first, "open_channel", too_slow)
        server.run(sh(f"rm {name}"))
        assert server.link.transport() is not first
        assert asked.result().stdout == "whole\n"


@pytest.mark.parametrize("kind", [MSG_CHANNEL_DATA, MSG_CHANNEL_EOF], ids=["data", "end of input"])
@pytest.mark.parametrize("command", [sh("exit 3", stdin="x" * 200_000), sh("exit 3"), Command(("bash", "-s"), stdin="exit 3\n")],
                         ids=["unread input", "no input", "program"])
def test_a_command_that_ends_before_its_input_does_not_cost_the_connection(
    connections: OpenConnections, monkeypatch: pytest.MonkeyPatch, command: Command, kind: int
) -> None:
    """sshd ends the whole connection when input arrives for a session that it has closed."""
    server = connections.server
    server.run(sh("true"))
    transport = server.link.transport()
    send = transport._send_user_message  # type: ignore[attr-defined]

    def delayed(message: Any) -> None:
        if message.asbytes()[0] == kind:
            time.sleep(0.3)
        send(message)

    monkeypatch.setattr(transport, "_send_user_message", delayed)
    with ThreadPoolExecutor(1) as alongside:
        other = alongside.submit(server.execute, sh("sleep 2; echo whole"))
        time.sleep(0.5)
        assert server.execute(command).exit_code == 3
        assert other.result().stdout == "whole\n"
    assert server.link.transport() is transport


def test_a_link_that_broke_while_idle_is_opened_again(connections: OpenConnections) -> None:
    connections.server.run(sh("true"))
    connections.server.link.transport().sock.close()
    assert connections.server.run(sh("echo again")).stdout == "again\n"


def test_files_are_read_within_bounds(connections: OpenConnections) -> None:
    assert connections.server.read("/no/such/file") is None
    assert connections.server.read("/etc/os-release", limit_bytes=7) == b"PRETTY_"
    with pytest.raises(FactUnreadable, match="Permission denied"):
        connections.server.read("/root/x")


def test_a_secret_on_standard_input_is_not_in_the_process_list(connections: OpenConnections) -> None:
    listed = connections.server.run(sh("cat >/dev/null; ps -eo args", stdin=Secret("X", "s3cret-in-stdin")))
    assert "s3cret-in-stdin" not in listed.stdout


def test_a_port_where_nobody_listens(environment: Environment) -> None:
    with elsewhere(environment, port=1) as opened, pytest.raises(HostUnreachable, match="refuses"):
        opened.server.run(sh("true"))


def test_a_name_that_does_not_resolve(environment: Environment) -> None:
    with elsewhere(environment, host="no.such.host.invalid") as opened, pytest.raises(HostUnreachable, match="resolve"):
        opened.server.run(sh("true"))


def test_a_host_key_that_nobody_knows(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "known").write_text("")
    with elsewhere(environment, known_hosts_file=str(tmp_path / "known")) as opened, pytest.raises(HostKeyUnknown):
        opened.server.run(sh("true"))


def test_a_host_key_that_changed(environment: Environment, tmp_path: Path) -> None:
    make_key(tmp_path / "other")
    known = tmp_path / "known"
    kind, key, *_ = (tmp_path / "other.pub").read_text().split()
    known.write_text(f"[{environment.server.host}]:{environment.server.port} {kind} {key}\n")
    with elsewhere(environment, known_hosts_file=str(known)) as opened, pytest.raises(HostKeyChanged, match="differs"):
        opened.server.run(sh("true"))


def test_a_key_that_the_server_does_not_know(environment: Environment, tmp_path: Path) -> None:
    make_key(tmp_path / "other")
    with elsewhere(environment, key_file=str(tmp_path / "other")) as opened, pytest.raises(AuthenticationRefused):
        opened.server.run(sh("true"))


def make_key(path: Path) -> None:
    keygen = shutil.which("ssh-keygen") or pytest.skip("no ssh-keygen on this machine")
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


def test_a_server_without_docker_says_so_everywhere(connections: OpenConnections, environment: Environment) -> None:
    for ask in (
        lambda: connections.docker.client(),
        lambda: survey_containers(environment).fetch(connections),  # type: ignore[arg-type]
        lambda: connections.database.rows("SELECT 1"),
    ):
        with pytest.raises(DockerUnavailable) as caught:
            ask()
        assert "docker" in caught.value.next_step


def test_a_port_at_which_nothing_listens_is_named_however_often_it_is_tried_at_once(connections: OpenConnections) -> None:
    """As where Prometheus is stopped, and eleven questions ask it."""
    link = connections.server.link
    before = link.transport()

    def reach(_: int) -> str:
        with pytest.raises(FactUnreadable) as caught:
            link.open_tunnel(9090)
        return caught.value.what

    with ThreadPoolExecutor(11) as together:
        assert set(together.map(reach, range(110))) == {"Nothing answers at port 9090 of the server's loopback."}
    assert link.transport() is before
