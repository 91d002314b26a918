"""How long the watch of 21 Verify is, and what it probes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.release.plans.watch import plan_watch

RELEASE = Release("b" * 40, "v3.2.0", "green", "0003", "run", "ann", "", datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize(("chosen", "seconds"), [(None, 3600.0), (0.0, 0.0), (20.0, 20.0)])
def test_the_watch_is_as_long_as_chosen_or_as_the_environment_says(chosen: float | None, seconds: float) -> None:
    watch = plan_watch(load_environment("staging"), RELEASE, chosen)
    assert watch.deadline_s == seconds
    assert len(watch.questions) == 2
