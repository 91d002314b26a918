"""How a restore is rehearsed: limits that a disposable copy can run with."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from runbook_lib.environment import Environment
from runbook_lib.environment.recovery import RestoreDrill

GOOD: dict[str, Any] = {"limit_s": 900.0, "memory_mb": 512, "reads": {"/api/v1/builds": "builds", "/health": None}}


def test_staging_rehearses_its_restore_within_limits(staging: Environment) -> None:
    assert staging.restore_drill.limit_s > 0
    assert all(path.startswith("/") for path in staging.restore_drill.reads)


@pytest.mark.parametrize("changes", [{"limit_s": 0.0}, {"memory_mb": 255}, {"reads": {"": None}}, {"reeds": {}}])
def test_limits_that_no_copy_can_run_with_are_refused(changes: dict[str, Any]) -> None:
    assert RestoreDrill.model_validate(GOOD).memory_mb == 512
    with pytest.raises(ValidationError):
        RestoreDrill.model_validate(GOOD | changes)
