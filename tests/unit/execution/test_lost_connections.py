"""A link or an engine that goes away while a plan is walked: unknown is unknown, and undoing waits."""

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
from tests.unit.execution_doubles import FAILED, PASSED, ScriptedHands, step, walked


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return new_run("20_deploy", tmp_path)


class Engine:
    """An engine that goes away for some looks; a plan waits for it with `gate`."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)

    @property
    def gate(self) -> Gate:
        def judge(there: bool) -> tuple[Any, ...]:
            return (finding("the engine answers", there),)

        question = Question("engine", lambda _: self.answers.pop(0) if self.answers else True)
        return Gate("the engine answers", (question,), judge, success_threshold=1, interval_s=0.01, deadline_s=5)


def undoing(engine: Engine, *undo_answers: ActionResult) -> tuple[Plan, ScriptedHands]:
    answers = list(undo_answers)
    plan = Plan("try", "lab", (step("one"), step("two")), undo_on_failure=True, undo_ready=engine.gate)
    return plan, ScriptedHands(two=FAILED, unone=lambda: answers.pop(0))


def test_an_undo_is_tried_again_while_the_engine_comes_back(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook_lib.execution.undo.SETTLE_PAUSE_S", 0.01)
    plan, hands = undoing(Engine(False, False, True), FAILED, FAILED, PASSED)
    with pytest.raises(RolledBack):
        walked(folder, plan, hands)
    assert hands.did.count("unone") == 3


def test_an_undo_that_fails_beside_a_calm_engine_is_not_tried_again(folder: RunFolder) -> None:
    plan, hands = undoing(Engine(), FAILED)
    with pytest.raises(RollbackFailed):
        walked(folder, plan, hands)
    assert hands.did.count("unone") == 1


def test_a_gate_without_a_link_is_unknown_and_nothing_is_undone(folder: RunFolder) -> None:
    def no_link(_: Any) -> Any:
        raise HostUnreachable("no route")

    gate = Gate("seen", (Question("look", no_link),), lambda answer: (), success_threshold=1, interval_s=0.01, deadline_s=0.05)
    plan = Plan("try", "lab", (step("one"), Step("look", "Look", (gate,))), undo_on_failure=True)
    hands = ScriptedHands()
    with pytest.raises(LinkDropped, match="Nothing was undone"):
        walked(folder, plan, hands)
    assert hands.did == ["one"]
