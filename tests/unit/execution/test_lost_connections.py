"""A link or an engine that goes away while a plan is executed: unknown is unknown, and undoing waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive.runs import RunFolder, new_run
from runbook_lib.core.errors import HostUnreachable, LinkDropped, RollbackFailed, RolledBack
from runbook_lib.core.findings import finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, Step
from runbook_lib.core.questions import Question
from runbook_lib.execution import ActionResult
from tests.unit.execution_doubles import FAILED, PASSED, ScriptedBackend, executed, step


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return new_run("20_deploy", tmp_path)


class Engine:
    """An engine that is gone for some probes; a plan waits for it with `gate`."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)

    @property
    def gate(self) -> Gate:
        def judge(there: bool) -> tuple[Any, ...]:
            return (finding("the engine answers", there),)

        question = Question("engine", lambda _: self.answers.pop(0) if self.answers else True)
        return Gate("the engine answers", (question,), judge, success_threshold=1, interval_s=0.01, deadline_s=5)


def undoing(engine: Engine, *undo_answers: ActionResult) -> tuple[Plan, ScriptedBackend]:
    answers = list(undo_answers)
    plan = Plan("try", "lab", (step("one"), step("two")), undo_on_failure=True, undo_ready=engine.gate)
    return plan, ScriptedBackend(two=FAILED, unone=lambda: answers.pop(0))


def test_an_undo_is_tried_again_while_the_engine_comes_back(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook_lib.execution.undo.SETTLE_PAUSE_S", 0.01)
    plan, backend = undoing(Engine(False, False, True), FAILED, FAILED, PASSED)
    with pytest.raises(RolledBack):
        executed(folder, plan, backend)
    assert backend.did.count("unone") == 3


def test_an_undo_that_fails_while_the_engine_is_healthy_is_not_tried_again(folder: RunFolder) -> None:
    plan, backend = undoing(Engine(), FAILED)
    with pytest.raises(RollbackFailed):
        executed(folder, plan, backend)
    assert backend.did.count("unone") == 1


def test_a_gate_without_a_link_is_unknown_and_nothing_is_undone(folder: RunFolder) -> None:
    def no_link(_: Any) -> Any:
        raise HostUnreachable("no route")

    gate = Gate("seen", (Question("answer", no_link),), lambda answer: (), success_threshold=1, interval_s=0.01, deadline_s=0.05)
    plan = Plan("try", "lab", (step("one"), Step("verify", "Verify", (gate,))), undo_on_failure=True)
    backend = ScriptedBackend()
    with pytest.raises(LinkDropped, match="Nothing was undone"):
        executed(folder, plan, backend)
    assert backend.did == ["one"]
