"""An earlier run as a value."""

from __future__ import annotations

from datetime import UTC, datetime

from runbook_lib.core.past_runs import PastRun


def test_evidence_that_was_not_asked_for_is_empty() -> None:
    assert PastRun("20261117T120000Z-abcdef", datetime(2026, 11, 17, tzinfo=UTC), "passed").evidence == ""
