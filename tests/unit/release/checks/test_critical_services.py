"""Critical services: what data/critical_services_down.json cannot show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.platform.facts.containers import Container
from runbook_lib.release.checks.critical_services import only_unhealthy

UNHEALTHY = Container("redis", "redis", "i", "d", "running", "unhealthy", 1, False, 0, None)


def test_a_service_that_runs_and_is_reported_unhealthy_is_only_unhealthy() -> None:
    assert only_unhealthy((UNHEALTHY,), {"redis": 1}) == {"redis"}


@pytest.mark.parametrize("fault", [{"state": "restarting"}, {"restart_count": 2}, {"oom_killed": True}, {"health": "healthy"},
                                   {"health": None}])
def test_any_other_fault_is_beyond_doubt(fault: dict[str, Any]) -> None:
    assert only_unhealthy((replace(UNHEALTHY, **fault),), {"redis": 1}) == frozenset()
