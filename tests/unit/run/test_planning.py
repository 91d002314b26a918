"""Plans of a run: plan mode, confirmation, approval by hash, execution."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runbook_lib import open_run
from runbook_lib.archive import journal
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import (
    ChecksFailed,
    ConfirmationMissing,
    PlanChanged,
    RollbackFailed,
    RolledBack,
)
from runbook_lib.core.findings import finding
from runbook_lib.core.plan import Plan, Step
from runbook_lib.run import planning
from tests.notebooks.sample_notebooks import ProjectDir
from tests.unit.execution_doubles import FAILED, ScriptedBackend, step
from tests.unit.execution_doubles import plan as steps
from tests.unit.run_doubles import TOUCH, finished, opened


def test_plan_mode_opens_no_connection_and_later_checks_do_not_count(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    execution = run.execute(run.plan(TOUCH))
    assert not execution.applied
    assert run._connections is None
    run.verify(finding("touched", False))
    run.close()
    assert (finished(outputs)["verdict"], finished(outputs)["exit_code"]) == ("not applied", 0)


def test_nothing_to_do_is_a_pass_in_either_mode(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened(mode="apply", confirm="nowhere")
    assert "already there" in str(run.execute(Plan("touch", "nowhere", reason="already there")))
    run.close()
    assert finished(outputs)["verdict"] == "passed"


@pytest.mark.parametrize("given", ["", "staging", "nowhere "])
def test_apply_needs_the_environments_own_name(project_dir: ProjectDir, given: str) -> None:
    with pytest.raises(ConfirmationMissing, match="name of the environment"):
        opened(mode="apply", confirm=given).execute(TOUCH)


def test_a_missing_confirmation_says_first_what_this_way_of_running_needs() -> None:
    for unattended, first in ((True, "Run again with --confirm lab (papermill: -r confirm lab)."), (False, 'Confirm: run.confirm("lab")')):
        with pytest.raises(ConfirmationMissing) as refused:
            planning.check_confirmation("", "lab", unattended=unattended)
        assert refused.value.next_step.startswith(first)
        assert refused.value.what.endswith("nothing was given. Nothing was changed.")
    with pytest.raises(ConfirmationMissing) as refused:  # an earlier plan of the same run has changed something
        planning.check_confirmation("staging", "lab", acted=True)
    assert "Nothing was changed" not in refused.value.what


def test_a_confirmation_is_recorded(project_dir: ProjectDir) -> None:
    run = opened(mode="apply")
    run.confirm("nowhere")
    assert any(event["event"] == "confirmed" for event in journal.read(run.folder))


def test_apply_is_refused_when_the_facts_changed_since_the_approved_plan(project_dir: ProjectDir) -> None:
    project_dir.add("11_pinned")
    path = project_dir.path / "notebooks" / "11_pinned.ipynb"
    path.write_text(path.read_text().replace("count: int = 3", 'plan_hash: str = \\"\\"\\ncount: int = 3'))
    run = open_run("11_pinned", {"mode": "apply", "plan_hash": "0" * 16})
    now = replace(TOUCH, rules=run.environment.rules_fingerprint)  # another rule of the environment is another plan
    with pytest.raises(PlanChanged, match=now.hash):
        run.plan(TOUCH)
    assert open_run("11_pinned", {"mode": "apply", "plan_hash": now.hash}).plan(TOUCH) == now


def test_a_plan_is_executed_and_its_unresolved_findings_reach_the_verdict(project_dir: ProjectDir) -> None:
    run = opened()
    backend = ScriptedBackend()
    execution = planning.execute(steps(step("one")), backend, run._record, run.folder)
    assert (backend.did, execution.applied) == (["one"], True)
    run.close()


@pytest.mark.parametrize("error", [None, RuntimeError("a bug")], ids=["passed", "an internal error"])
def test_a_run_that_is_stopped_after_its_steps_does_not_say_that_nothing_was_changed(
        project_dir: ProjectDir, outputs: Path, monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> None:
    """The picture of a watch takes a moment, and Ctrl-C may come in it."""

    def stop(*, grace_s: float) -> None:
        if grace_s == 0:
            raise KeyboardInterrupt

    run = opened()
    monkeypatch.setattr(planning, "tell_runner", stop)
    one = step("one")
    made = steps(one, undo=error is None)
    with pytest.raises(KeyboardInterrupt):
        planning.execute(made, ScriptedBackend(**({} if error is None else {"one": error})), run._record, run.folder)
    run.abort(KeyboardInterrupt())
    assert "Nothing was changed" not in finished(outputs)["summary"]


def test_a_failed_execution_is_the_end_of_the_run_even_when_cells_follow(project_dir: ProjectDir) -> None:
    run = opened()
    with pytest.raises(RolledBack):
        planning.execute(steps(step("one")), ScriptedBackend(one=FAILED), run._record, run.folder)
    run.verify(finding("up", True))
    with pytest.raises(RolledBack):
        run.close()


def test_a_plan_that_passes_at_the_second_attempt_clears_the_failure(project_dir: ProjectDir) -> None:
    run = opened()
    with pytest.raises(RolledBack):
        planning.execute(steps(step("one")), ScriptedBackend(one=FAILED), run._record, run.folder)
    planning.execute(steps(step("one")), ScriptedBackend(), run._record, run.folder)
    run.close()


def test_a_rollback_that_failed_names_the_first_contact_of_the_environment(
    project_dir: ProjectDir, monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = opened(mode="apply", confirm="nowhere")
    backend = ScriptedBackend(two=FAILED, unone=FAILED, untwo=FAILED)
    monkeypatch.setattr("runbook_lib.run.run.ServerBackend", lambda *_: backend)
    with pytest.raises(RollbackFailed) as raised:
        run.execute(steps(step("one"), step("two")))
    assert raised.value.next_step.startswith(
        "Call the on-call engineer, the first contact in 00 Start here: DevOps Lead (devops@example.com). ")


def test_any_plan_is_approved_where_no_hash_is_given() -> None:
    planning.check_approved(TOUCH, "", "nowhere")
    planning.check_approved(TOUCH, TOUCH.hash, "nowhere")
    with pytest.raises(PlanChanged):
        planning.check_approved(TOUCH, "0" * 16, "nowhere")


@pytest.mark.parametrize("other", [
    {"actions": (Command(("touch",), timeout_s=7),)}, {"actions": (Command(("touch",), accepts=(0, 2)),)},
    {"undo": (Command(("undo",)),)}, {"undo_files": (Command(("undo",)),)},
], ids=["time limit", "accepted exit codes", "undo", "undo of files"])
def test_a_plan_that_would_do_or_undo_otherwise_is_not_the_approved_one(other: dict[str, Any]) -> None:
    one = Step("touch", "Touch", (Command(("touch",)),))
    approved = Plan("touch", "nowhere", (one,))
    planning.check_approved(Plan("touch", "nowhere", (replace(one, title="In other words", why="another"),)), approved.hash, "nowhere")
    with pytest.raises(PlanChanged, match="The facts have changed"):
        planning.check_approved(Plan("touch", "nowhere", (replace(one, **other),)), approved.hash, "nowhere")


def test_a_change_that_no_one_confirmed_is_refused_and_no_failure_of_its_effect(project_dir: ProjectDir, outputs: Path) -> None:
    """In JupyterLab, stepped on past a missing confirmation, 30 failed with `a new backup is in the folder: no new backup`."""
    run = opened(mode="apply")
    for cell in (lambda: run.confirm(""), lambda: run.execute(TOUCH)):
        with pytest.raises(ConfirmationMissing):
            cell()
    (effect,) = run.verify(finding("touched", False, next_step="Read the evidence of the first step that failed."))
    assert (effect.verdict, effect.next_step) == ("not applied", "")
    with pytest.raises(ConfirmationMissing, match="Nothing was changed"):
        run.close()
    end = finished(outputs)
    assert (end["state"], end["exit_code"]) == ("refused", 3)
    assert end["next_step"].startswith('Confirm: run.confirm("nowhere")')


def test_what_is_confirmed_after_all_or_needs_no_confirmation_ends_as_it_ends(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened(mode="apply")
    with pytest.raises(ConfirmationMissing):
        run.confirm("")
    run.confirm("nowhere")
    run.verify(finding("touched", False))
    with pytest.raises(ChecksFailed):
        run.close()
    run = opened(mode="apply")
    with pytest.raises(ConfirmationMissing):
        run.confirm("")
    run.execute(Plan("touch", "nowhere", reason="already there"))
    run.verify(finding("touched", True))
    run.close()
    assert finished(outputs)["verdict"] == "passed"
