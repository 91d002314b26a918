"""The verdict of a watch: what data/watch_was_clean.json cannot show."""

from __future__ import annotations

from datetime import UTC, datetime

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.core.watch_result import Probe, WatchResult
from runbook_lib.release.checks.watch import watch_was_clean

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_a_failed_probe_outweighs_any_number_of_unanswered_ones() -> None:
    failed = Probe(NOW, (Finding("f", Verdict.FAILED, "down"),))
    unanswered = Probe(NOW, (Finding("g", Verdict.INCONCLUSIVE, "no answer"),))
    gate = Gate("watch v1", (), lambda: (), deadline_s=60)
    assert watch_was_clean(WatchResult((unanswered,) * 9 + (failed,), NOW, 60.0, True), gate).verdict is Verdict.FAILED
