"""Preconditions and verifications of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.archive import journal
from runbook_lib.core.errors import (
    PreconditionFailed,
)
from runbook_lib.core.findings import Verdict, finding
from tests.notebooks.sample_notebooks import ProjectDir
from tests.unit.run_doubles import TOUCH, finished, opened


@pytest.mark.parametrize("good", [False, None])
def test_require_refuses_with_what_to_do_next(project_dir: ProjectDir, good: bool | None) -> None:
    with pytest.raises(PreconditionFailed) as refused:
        opened().require(finding("disk space", good, measured="3 GiB", expected="9 GiB", next_step="Free space."))
    assert refused.value.what == "Not started: a precondition is not met: disk space: 3 GiB, needed 9 GiB"
    assert refused.value.next_step == "Free space."


def test_require_refuses_when_nothing_was_checked(project_dir: ProjectDir) -> None:
    with pytest.raises(PreconditionFailed, match="nothing was checked"):
        opened().require(())


def test_the_first_line_of_a_refusal_names_what_is_not_met(project_dir: ProjectDir) -> None:
    """A report began with `Not started: a precondition is not met.`, and which was half a page below."""
    with pytest.raises(PreconditionFailed) as refused:
        opened().require([finding("disk", False, measured="3"), finding("memory", None), finding("clock", True)])
    assert refused.value.what.splitlines() == [
        "Not started: 2 preconditions are not met: disk, memory.", "disk: 3", "memory: not known"]


def test_warnings_let_a_run_go_on_and_show_in_its_verdict(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    run.require(finding("disk space", False, otherwise=Verdict.WARNING))
    run.close()
    assert (finished(outputs)["verdict"], finished(outputs)["exit_code"]) == ("warning", 0)


def test_a_check_made_again_replaces_its_earlier_finding(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    run.verify(finding("up", False))
    run.verify(finding("up", True))
    run.close()
    assert finished(outputs)["verdict"] == "passed"


def test_after_a_plan_that_was_not_applied_a_check_for_its_effect_is_no_failure(project_dir: ProjectDir) -> None:
    run = opened(mode="plan")
    run.execute(TOUCH)
    effect, other = run.verify([finding("it is there", False, next_step="Make it."), finding("disk space", True)])
    assert (effect.verdict, effect.next_step, other.verdict) == (Verdict.NOT_APPLIED, "", Verdict.PASSED)


def test_what_a_plan_that_was_not_applied_leaves_undone_is_recorded_and_does_not_count(project_dir: ProjectDir) -> None:
    run = opened(mode="plan")
    run.execute(TOUCH)
    run.verify(finding("it is there", False))
    recorded = [event for event in journal.read(run.folder) if event["event"] == "findings"]
    assert [event["counts"] for event in recorded] == [False]
    run.close()
