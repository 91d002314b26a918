"""The proposal as text that can be pasted: real YAML, with the present figure and the reason next to each new one."""

from __future__ import annotations

from pathlib import Path

import yaml

from runbook_lib.capacity.checks.resource_blocks import NOTHING, resources_block
from runbook_lib.environment import load_environment
from tests.unit.capacity_doubles import MB, container, review, usage
from tests.unit.environment_doubles import overlay
from tests.unit.observability_doubles import staging


def block() -> str:
    grown = {"redis_memory": lambda day: (200 + 2.5 * day) * MB, "server_disk": lambda day: 40 + 0.6 * day}
    used = usage(container("backend-blue", memory_bytes=500 * MB, cpu_limit=1.0))
    return resources_block(staging(), review(grown, used=used))


def test_nothing_to_change_is_an_answer() -> None:
    assert resources_block(staging(), review({})) == NOTHING
    assert yaml.safe_load(NOTHING) is None


def test_the_first_part_is_taken_by_the_environment_file(tmp_path: Path) -> None:
    first, _, second = block().partition("# the Compose file")
    assert yaml.safe_load(first) == {
        "tuning": {"redis": {"maxmemory": "832MB"}},
        "services": {"backend": {"memory": "768MB"}, "redis": {"memory": "1280MB"}}}
    mine = load_environment(overlay(tmp_path, first))
    assert mine.services["redis"].memory_bytes == 1280 * MB
    assert "  # 384MB now: 384 MB in " in first
    assert first.startswith("# Fullest disk of the server: ")
    assert second


def test_the_second_part_is_composes_form_of_each_container() -> None:
    services = yaml.safe_load("#" + block().partition("# the Compose file")[2])["services"]
    assert list(services) == ["backend-blue", "backend-green", "redis"]
    assert services["backend-green"]["deploy"]["resources"]["limits"] == {"cpus": "1", "memory": "768M"}
    assert services["redis"]["deploy"]["resources"]["limits"] == {"cpus": "0.5", "memory": "1280M"}
