from __future__ import annotations

import pytest

from lab import instance
from lab.address import Ports
from lab.errors import USAGE, LabError
from lab.instance import Instance


@pytest.mark.parametrize("name", ["", "Lab", "../x", "a b", "-x", "logs", "build", "x" * 40])
def test_a_name_that_cannot_be_a_folder_and_a_container_is_refused(name: str) -> None:
    with pytest.raises(LabError) as refused:
        Instance(name)
    assert refused.value.exit_code == USAGE


def test_two_checkouts_may_have_instances_of_the_same_name(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    here = Instance("lab").container
    monkeypatch.setattr(instance, "root", lambda: tmp_path)
    assert Instance("lab").container != here


def test_free_ports_are_different_ones_one_for_each_of_the_servers_own() -> None:
    ports = instance.free_ports()
    assert len({ports.ssh, ports.http, ports.https, ports.mail}) == len(instance.INNER_PORTS)
    assert all((ports.ssh, ports.http, ports.https, ports.mail))


def test_the_ports_of_a_server_are_those_that_lead_to_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = {f"{inner}/tcp": [{"HostPort": str(outer)}] for inner, outer in ((22, 1), (80, 2), (443, 3), (25, 4))}
    monkeypatch.setattr(Instance, "inspect", lambda self: {"HostConfig": {"PortBindings": bound}})
    assert Instance("double").ports() == Ports(ssh=1, http=2, https=3, mail=4)
    del bound["25/tcp"]  # of a server that takes no mail
    assert Instance("double").ports() == Ports(ssh=1, http=2, https=3, mail=0)


def test_an_unknown_command_is_a_usage_error() -> None:
    from lab.__main__ import main

    with pytest.raises(SystemExit) as stopped:
        main(["explode"])
    assert stopped.value.code == USAGE
