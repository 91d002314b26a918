"""A service's limits in both forms that Compose takes, as its own JSON has them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from runbook_lib.release.facts.service_limits import ServiceLimits, limits_of
from runbook_lib.release.facts.validation_runs import options_of

HALF = ServiceLimits(0.5, 536870912, 100)


@pytest.mark.parametrize(("service", "limits"), [
    ({"deploy": {"resources": {"limits": {"cpus": 0.5, "memory": "536870912", "pids": 100}}}}, HALF),
    ({"cpus": 0.5, "mem_limit": "536870912", "pids_limit": 100}, HALF),
    ({"cpus": 0.5, "mem_limit": "536870912", "deploy": {"resources": {"limits": {"memory": "536870912", "pids": 100}}}}, HALF),
    ({"deploy": {"resources": {"reservations": {"memory": "1"}}}}, ServiceLimits()),
    ({"mem_limit": "0", "pids_limit": -1, "cpus": 0}, ServiceLimits()),
    ({"deploy": None}, ServiceLimits()),
])
def test_either_form_is_read(service: dict[str, Any], limits: ServiceLimits) -> None:
    assert limits_of(service) == limits


def test_a_database_is_tried_with_the_memory_that_it_will_have() -> None:
    """In the 512 MB of a service without a limit, one whose settings need more would not start."""
    words = options_of({"mem_limit": "4294967296", "cpus": 2.0, "pids_limit": 400})
    pairs = set(pairwise(words))
    assert {("--memory", "4294967296"), ("--memory-swap", "4294967296"), ("--cpus", "2"), ("--pids-limit", "400")} <= pairs
