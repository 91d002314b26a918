"""A rollback as an operator steps through it in JupyterLab."""

from __future__ import annotations

from tests.lab.conftest import Lab
from tests.lab.stepping import Step


def test_a_rollback_is_done_step_by_step(lab: Lab, step: Step) -> None:
    seen: dict[int, str] = {}
    other = lab.other_release()
    run = step("22_rollback", to=other, mode="apply", reason="test", seen=seen.__setitem__)
    assert (run.verdict, run.state) == ("passed", "finished"), seen
    assert lab.serving()["version"] == other
