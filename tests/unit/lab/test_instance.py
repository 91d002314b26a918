from __future__ import annotations

import pytest

from lab import instance
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


def test_free_ports_are_three_different_ones() -> None:
    ports = instance.free_ports()
    assert len({ports.ssh, ports.http, ports.https}) == 3


def test_an_unknown_command_is_a_usage_error() -> None:
    from lab.__main__ import main

    with pytest.raises(SystemExit) as stopped:
        main(["explode"])
    assert stopped.value.code == USAGE
