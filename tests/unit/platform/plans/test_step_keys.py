"""The keys of steps are written into every journal: they are distinct, and of one form."""

from __future__ import annotations

import re

from runbook_lib.platform.plans.step_keys import StepKey


def test_keys_are_distinct_and_of_one_form() -> None:
    assert len(set(StepKey)) == len(StepKey.__members__)
    assert [key for key in StepKey if not re.fullmatch(r"[a-z]+(-[a-z]+)*", key)] == []


def test_keys_that_journals_of_earlier_runs_hold_are_kept() -> None:
    assert {"fetch", "migrate", "switch", "gate-internal", "gate-external", "watch", "commit-release",
            "stop-old-colour", "compatibility-check"} <= set(StepKey)
