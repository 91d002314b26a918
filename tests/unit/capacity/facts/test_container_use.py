"""CPU and memory from `docker stats`: shares of the limits in the environment file, and nothing for what has stopped."""

from __future__ import annotations

import json

import pytest

from runbook_lib.capacity.facts.container_use import UseSample, parse_use, sample_use, use_over_time
from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import FactUnreadable
from tests.unit.data_values import environment_with


def stats(identity: str = "a1", cpu: str = "12.50%", memory: str = "64MiB / 512MiB") -> str:
    return json.dumps({"ID": identity, "CPUPerc": cpu, "MemUsage": memory, "Name": "any"})


def test_each_container_is_named_by_its_service() -> None:
    text = f"a1 redis\nb2 backend-green\n{stats()}\n{stats('b2', '150.00%')}\n"
    found = sample_use(environment_with()).fetch(ScriptedConnections(commands={"container use": text}))
    assert [(one.service, one.cpu_percent, one.memory_bytes) for one in found] == [
        ("redis", 12.5, 64 * 2**20), ("backend-green", 150.0, 64 * 2**20)]


@pytest.mark.parametrize("text", ["", "a1 redis\n", f"a1 redis\n{stats(cpu='--', memory='-- / --')}\n", f"b2 redis\n{stats()}\n", f"a1 \n{stats()}\n"])
def test_what_has_stopped_or_is_of_no_service_has_no_sample(text: str) -> None:
    assert parse_use(text, 1.0) == ()


@pytest.mark.parametrize("wrong", ["{", "{}", stats(cpu="much"), stats(memory="a lot / more")])
def test_another_form_is_unreadable(wrong: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_use(f"a1 redis\n{wrong}\n", 1.0)


def test_the_share_is_of_the_limit_in_the_environment_file() -> None:
    limit = environment_with().services["redis"]
    assert limit.cpus and limit.memory_bytes
    samples = [UseSample("redis", 110.0, 50 * limit.cpus, limit.memory_bytes // 4), UseSample("redis", 100.0, 0.0, 0)]
    first, second = use_over_time(samples, environment_with())["redis"]
    assert first.at_s == 100.0
    assert (round(second.cpu_percent, 3), second.memory_percent) == (50.0, 25.0)


def test_a_container_without_a_limit_has_no_share_and_a_colour_has_its_services() -> None:
    found = use_over_time([UseSample("backend-green", 1.0, 1.0, 1), UseSample("other", 1.0, 1.0, 1)], environment_with())
    assert list(found) == ["backend-green"]
