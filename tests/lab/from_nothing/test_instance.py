"""A real instance of its own, from nothing to nothing. The tests run in this order and build on each other."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import paramiko
import pytest

from lab.__main__ import main
from lab.engine import docker, ensure_engine
from lab.errors import CommandFailed
from lab.images import LABEL
from lab.instance import CHECKOUT, Instance
from lab.processes import output

NAME = "spare"


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    ensure_engine()
    spare = Instance(NAME)
    main(["down", "--name", NAME])
    assert main(["up", "--name", NAME]) == 0
    yield spare
    main(["down", "--name", NAME])


@pytest.fixture
def login(instance: Instance) -> Iterator[paramiko.SSHClient]:
    client = _client(instance)
    yield client
    client.close()


def _client(instance: Instance, **how: Any) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.load_host_keys(str(instance.address.known_hosts))
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    with_key: dict[str, Any] = {"key_filename": str(instance.address.key)}
    client.connect("127.0.0.1", instance.ports().ssh, timeout=60, allow_agent=False, look_for_keys=False,
                   **{"username": "deploy", **with_key, **how})
    return client


def _say(client: paramiko.SSHClient, command: str) -> str:
    _, stdout, stderr = client.exec_command(command, timeout=60)
    output, code = stdout.read().decode(), stdout.channel.recv_exit_status()
    assert code == 0, stderr.read().decode()
    return output


def test_a_known_key_logs_in_and_reaches_engine_and_compose(login: paramiko.SSHClient) -> None:
    assert _say(login, "docker info --format '{{.ServerVersion}}'").strip()
    assert _say(login, "docker compose version --short").startswith(("2.", "v2."))


def test_the_images_of_the_compose_file_are_there(login: paramiko.SSHClient) -> None:
    held = _say(login, "docker images --format '{{.Repository}}:{{.Tag}}'").split()
    assert {"gw2-lab/postgres:15", "gw2-lab/redis:7", "gw2-lab/nginx:latest", "gw2-lab/python:3.11"} <= set(held)


def test_passwords_and_root_are_refused(instance: Instance) -> None:
    with pytest.raises(paramiko.BadAuthenticationType) as refused:
        _client(instance, key_filename=None, password="deploy")
    assert refused.value.allowed_types == ["publickey"]
    with pytest.raises(paramiko.AuthenticationException):
        _client(instance, username="root")


def test_ports_are_published_on_loopback_alone(instance: Instance) -> None:
    described = instance.inspect()
    assert described is not None
    bound = [binding for bindings in described["HostConfig"]["PortBindings"].values() for binding in bindings]
    assert {binding["HostIp"] for binding in bound} == {"127.0.0.1"}
    assert len(bound) == 4, "ssh, http, https and mail"


def test_the_checkout_belongs_to_deploy_and_holds_the_releases(login: paramiko.SSHClient) -> None:
    assert {"v3.1.0", "v3.2.0"} <= set(_say(login, f"git -C {CHECKOUT} tag").split())
    assert _say(login, f"git -C {CHECKOUT} status --porcelain") == ""
    _say(login, f"git -C {CHECKOUT} fetch --quiet origin")
    _say(login, f"touch {CHECKOUT}/.spare /backups/postgres/.spare && rm {CHECKOUT}/.spare /backups/postgres/.spare")


def test_memory_limits_are_in_force_inside(login: paramiko.SSHClient) -> None:
    words = "docker run --rm --memory 32m gw2-lab/python:3.11 python -c 'x = bytearray(200_000_000)'; echo $?"
    assert _say(login, words).strip().endswith("137")


def test_sessions_services_and_containers_share_the_processor_as_under_systemd(
        instance: Instance, login: paramiko.SSHClient) -> None:
    session = _processor_group(_say(login, "cat /proc/self/cgroup"))
    engine = _processor_group(output(instance.inside("sh", "-c", "cat /proc/$(pgrep -x dockerd)/cgroup")))
    container = _processor_group(_say(login, "docker run --rm gw2-lab/nginx:latest cat /proc/self/cgroup"))
    assert session.endswith("/user.slice")
    assert engine.endswith("/system.slice")
    assert not container.endswith(".slice")


def _processor_group(output: str) -> str:
    groups = {controller: group for _, controllers, group in (line.split(":", 2) for line in output.splitlines())
              for controller in controllers.split(",")}
    return groups.get("cpu") or groups[""]  # version 1, version 2


@pytest.mark.parametrize("user", ["root", "deploy"])
def test_a_command_on_the_server_runs_as_the_engine_would_run_it(instance: Instance, user: str) -> None:
    words = ("sh", "-c", "env | grep -v ^_= | sort; id; pwd; umask; hostname; readlink /proc/self/ns/pid")
    by_the_engine = (docker(), "exec", "-i", "-u", user, instance.container, *words)
    assert output(instance.inside(*words, user=user)) == output(by_the_engine)


def test_up_again_changes_nothing(instance: Instance) -> None:
    before = instance.inspect()
    assert main(["up", "--name", NAME]) == 0
    after = instance.inspect()
    assert before is not None
    assert after is not None
    assert before["State"]["StartedAt"] == after["State"]["StartedAt"]


def test_a_killed_server_comes_up_with_the_same_keys_ports_and_containers(instance: Instance) -> None:
    login = _client(instance)
    _say(login, "docker run --detach --restart always --name spare gw2-lab/nginx:latest")
    output((docker(), "kill", instance.container))
    login.close()
    assert main(["up", "--name", NAME]) == 0
    again = _client(instance)
    assert _say(again, "docker inspect --format '{{.State.Running}}' spare").strip() == "true"
    again.close()


def test_a_killed_inner_engine_is_started_again(instance: Instance) -> None:
    output(instance.inside("pkill", "-KILL", "-x", "dockerd"))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            output(instance.inside("docker", "info"), timeout_s=30)
            break
        except CommandFailed:
            time.sleep(0.5)
    else:
        pytest.fail("the inner engine did not come back within 120 s")


def test_reset_leaves_images_and_checkout_and_nothing_else(instance: Instance) -> None:
    output(instance.inside("sh", "-c", f"echo x > {CHECKOUT}/.env && mkdir -p {CHECKOUT}/.runbook/jobs "
                                       "&& touch /backups/postgres/a.sql.gz && docker volume create spare-data"))
    assert main(["reset", "--name", NAME]) == 0
    inside = instance.inside("sh", "-c", "docker ps -aq; docker volume ls -q; find /backups/postgres -mindepth 1")
    assert output(inside) == ""
    login = _client(instance)
    assert _say(login, f"git -C {CHECKOUT} status --porcelain --ignored") == ""
    assert "gw2-lab/postgres" in _say(login, "docker images")
    login.close()


def test_an_instance_cut_off_half_made_is_made_anew(instance: Instance) -> None:
    instance.finished.unlink()
    assert main(["up", "--name", NAME]) == 0
    assert instance.finished.exists()


def test_down_leaves_nothing_behind(instance: Instance) -> None:
    ports = instance.ports()
    assert main(["down", "--name", NAME]) == 0
    ours = ("--filter", f"label={LABEL}.instance={NAME}")
    assert output((docker(), "ps", "--all", "--quiet", *ours)) == ""
    assert output((docker(), "volume", "ls", "--quiet", *ours)) == ""
    assert not instance.address.folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports.ssh), timeout=60)
    assert main(["down", "--name", NAME]) == 0, "a second time there is nothing to do, and that is fine"


def test_status_of_nothing_says_what_to_type(instance: Instance, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--name", NAME]) == 3
    assert f"python -m lab up --name {NAME}" in capsys.readouterr().err
