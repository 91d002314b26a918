"""A badge for every verdict and state."""

from __future__ import annotations

from runbook_lib.core.findings import Verdict
from runbook_lib.report.badges import badge_of
from runbook_lib.report.tables import verdict_box


def test_verdicts_have_a_word_and_a_sign_each():
    badges = [badge_of(verdict) for verdict in Verdict]
    assert len({badge.word for badge in badges}) == len({badge.sign for badge in badges}) == len(badges)
    assert "Inconclusive" in verdict_box("inconclusive", "why")
