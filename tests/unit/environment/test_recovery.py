"""How a restore is rehearsed: limits that a disposable copy can run with."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from runbook_lib.environment import Environment
from runbook_lib.environment.recovery import ConfigurationBackup, RestoreDrill

GOOD: dict[str, Any] = {"limit_s": 900.0, "memory_mb": 512, "reads": {"/api/v1/builds": "builds", "/health": None}}


def test_staging_rehearses_its_restore_within_limits(staging: Environment) -> None:
    assert staging.restore_drill.limit_s > 0
    assert all(path.startswith("/") for path in staging.restore_drill.reads)


@pytest.mark.parametrize("changes", [{"limit_s": 0.0}, {"memory_mb": 255}, {"reads": {"": None}}, {"reeds": {}}])
def test_limits_that_no_copy_can_run_with_are_refused(changes: dict[str, Any]) -> None:
    assert RestoreDrill.model_validate(GOOD).memory_mb == 512
    with pytest.raises(ValidationError):
        RestoreDrill.model_validate(GOOD | changes)


@pytest.mark.parametrize(("changes", "fault"), [
    ({"uploads": ("/srv/a/b", "/srv/a-b"), "no_uploads_reason": None}, "archives of two folders would be called srv-a-b_"),
    ({"uploads": ("/srv/a", "/srv/a/"), "no_uploads_reason": None}, "archives of two folders would be called srv-a_"),
    ({"uploads": ("/srv/uploads",)}, "exactly one of them"), ({"no_uploads_reason": None}, "exactly one of them"),
    ({"project_paths": ("/etc",)}, "below the server's directory"), ({"project_paths": ("../x",)}, "below the server's directory"),
])
def test_uploads_or_a_reason_and_no_path_outside_the_project(staging: Environment, changes: dict[str, Any], fault: str) -> None:
    backup = staging.configuration_backup
    with pytest.raises(ValidationError, match=fault):
        ConfigurationBackup.model_validate(backup.model_dump() | {"no_uploads_reason": "none here", "uploads": ()} | changes)
