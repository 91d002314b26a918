"""The keys of steps: each once, in the form that journals and notebooks use."""

from __future__ import annotations

import re

from runbook_lib.platform.plans.step_keys import StepKey


def test_every_key_is_written_as_journals_have_them() -> None:
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", key) for key in StepKey)
    assert len({str(key) for key in StepKey}) == len(StepKey.__members__)
