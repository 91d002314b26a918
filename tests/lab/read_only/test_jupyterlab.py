"""A restore as an operator reads it in JupyterLab, up to its plan."""

from __future__ import annotations

from tests.lab.conftest import Lab
from tests.lab.stepping import Step


def test_a_restore_is_read_up_to_its_plan_and_changes_nothing(lab: Lab, step: Step) -> None:
    before = lab.state()
    run = step("32_restore_database")
    assert run.verdict == "not applied"
    assert sorted(set(before) ^ set(lab.state())) == []
