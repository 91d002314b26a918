"""How long the watch of 21 Verify is, and what it probes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.release.plans.watch import plan_watch
from tests.unit.release.checks.test_success import rolled_back

RELEASE = Release("b" * 40, "v3.2.0", "green", "0003", "run", "ann", "", datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize(("chosen", "seconds"), [(None, 3600.0), (0.0, 0.0), (20.0, 20.0)])
def test_the_watch_is_as_long_as_chosen_or_as_the_environment_says(chosen: float | None, seconds: float) -> None:
    watch = plan_watch(load_environment("staging"), RELEASE, chosen)
    assert watch.deadline_s == seconds
    assert len(watch.questions) == 2


def test_after_a_rollback_a_probe_does_not_ask_for_what_the_earlier_release_does_not_have() -> None:
    deployed, back = rolled_back({"/health": 404})
    staging, reply = load_environment("staging"), Endpoint("/health", 404)
    for release, expected in ((back, Verdict.WARNING), (RELEASE, Verdict.FAILED)):
        shown = plan_watch(staging, release, 0.0, deployed).judge((), (reply,))
        assert [one.verdict for one in shown if one.check == "/health answers"] == [expected]
