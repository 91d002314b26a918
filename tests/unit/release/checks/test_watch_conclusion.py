"""What a watch proves that no trigger ended: what data/conclude_watch.json cannot show."""

from __future__ import annotations

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.core.gates import Reading
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.traffic import ERROR_RATE
from runbook_lib.release.checks.triggers import P95, REQUESTS
from runbook_lib.release.checks.watch_conclusion import conclude_watch

ENVIRONMENT = load_environment("staging")


@pytest.mark.parametrize(("requests", "verdict"), [
    (ENVIRONMENT.rollback.minimum_requests - 1, Verdict.INCONCLUSIVE), (ENVIRONMENT.rollback.minimum_requests, Verdict.PASSED),
])
def test_the_environments_minimum_of_requests_is_enough(requests: int, verdict: Verdict) -> None:
    reading = Reading({ERROR_RATE: 0.0, REQUESTS: float(requests), P95: 10.0})
    found = {one.check: one.verdict for one in conclude_watch(ENVIRONMENT)([reading])}
    assert found[ERROR_RATE] is verdict
