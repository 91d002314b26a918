"""One fault for each trigger of the plan, injected into one container of one colour."""

from __future__ import annotations

import subprocess

import pytest

from lab.bench import faults
from lab.bench.faults import FAULTS, Fault
from lab.catalogue import TRIGGERS
from lab.instance import Instance


def test_every_trigger_of_the_plan_has_a_fault() -> None:
    assert {fault.trigger for fault in FAULTS} == set(TRIGGERS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.trigger)
def test_a_fault_reaches_only_the_container_of_that_colour(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(faults, "output", lambda argv, timeout_s: ran.append(argv))
    monkeypatch.setattr("lab.instance.docker", lambda: "docker")
    fault.inject(Instance("double"), "green")
    (command,) = ran
    assert command[-1] == f"gw2-staging-{fault.service}-green-1"
    assert fault.script in command


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.trigger)
def test_the_script_of_a_fault_is_valid_shell(fault: Fault) -> None:
    assert subprocess.run(("sh", "-n"), input=fault.script, text=True).returncode == 0
