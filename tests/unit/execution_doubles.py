"""Doubles for executing plans: a backend that answers by script, plans of a few steps, probes of a gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from runbook_lib.archive import journal
from runbook_lib.archive.runs import RunFolder
from runbook_lib.core.commands import Command
from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, Step, StepState
from runbook_lib.core.questions import Question
from runbook_lib.execution import ActionResult, Execution, PlanExecutor
from runbook_lib.execution.gate import GateProbe

PASSED = ActionResult(StepState.PASSED, 0, stdout="fine\n")
FAILED = ActionResult(StepState.FAILED, 3, stderr="no space left\n")


class ScriptedBackend:
    """Answers by the command's first word; remembers what it did and whether the lock is held."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.did, self.held = answers, [], False
        self.lock_error: Exception | None = None

    def perform(self, action: Any, name: str, on_output: Callable[[str, str], None]) -> ActionResult:
        assert self.held, "nothing may be done without the lock"
        self.did.append(str(action))
        on_output("out", "line\n")
        answer = self.answers.get(action.argv[0], PASSED)
        if callable(answer):
            answer = answer()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def ask(self, question: Question[Any]) -> Any:
        return question.fetch(None)  # type: ignore[arg-type]

    @contextmanager
    def lock(self, purpose: str) -> Iterator[None]:
        if self.lock_error:
            raise self.lock_error
        self.held = True
        try:
            yield
        finally:
            self.held = False


def step(name: str, *, undo: bool = True) -> Step:
    undoing = (Command((f"un{name}",)),) if undo else ()
    return Step(name, name.title(), (Command((name,)),), undoing)


def plan(*steps: Step, undo: bool = True) -> Plan:
    return Plan("deploy", "lab", steps or (step("one"), step("two"), step("three")), undo_on_failure=undo)


def executed(folder: RunFolder, what: Plan, backend: ScriptedBackend) -> Execution:
    with journal.Journal(folder) as opened:
        return PlanExecutor(what, backend, opened, folder, lambda *_: None).run()


def states(folder: RunFolder) -> dict[str, str]:
    return {event["key"]: event["state"] for event in journal.read(folder) if event["event"] == "step_finished"}


def events(folder: RunFolder) -> list[str]:
    return [event["event"] for event in journal.read(folder)]


def gate(answers: list[Any], *, success_threshold: int = 2, deadline_s: float = 5) -> Gate:
    def fetch(connections: Any) -> Any:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Gate("ready", (Question("healthy", fetch),), lambda healthy: (finding("healthy", healthy),),
                success_threshold=success_threshold, interval_s=0.01, deadline_s=deadline_s)


def probe(*findings: Finding, number: int = 1, failed_in_a_row: int = 0, failed: int = 0) -> GateProbe:
    """A probe of a gate; the one with number n was made n seconds after noon."""
    at = datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(seconds=number)
    return GateProbe(number, at, findings, failed_in_a_row=failed_in_a_row, failed=failed)
