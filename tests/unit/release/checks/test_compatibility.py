"""The judge of the compatibility check: what data/judge_compatibility.json cannot show."""

from __future__ import annotations

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.release.checks.compatibility import judge_compatibility
from runbook_lib.release.facts.compatibility import Compatibility, Stage


@pytest.mark.parametrize("stage", Stage)
def test_wherever_a_check_ends_without_a_result_there_is_advice_and_no_pass(stage: Stage) -> None:
    (found,) = judge_compatibility(Compatibility(None, stage, "why"))
    assert found.verdict in (Verdict.INCONCLUSIVE, Verdict.FAILED)
    assert found.next_step


def test_who_is_refused_is_shown_both_choices() -> None:
    (found,) = judge_compatibility(Compatibility(False, Stage.SMOKE_TEST, "why", "0003", "0004"))
    assert "two steps" in found.next_step
    assert "breaking_migration" in found.next_step
