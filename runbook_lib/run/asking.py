"""Asking questions about the environment: every answer is recorded, and every one that could not be had."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from runbook_lib import kernel
from runbook_lib.core.errors import RunbookError
from runbook_lib.core.findings import Finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import pluralize
from runbook_lib.core.watch_result import Probe, WatchResult
from runbook_lib.execution import ask_concurrently
from runbook_lib.run.display import LiveLine
from runbook_lib.run.probing import probe_repeatedly
from runbook_lib.run.record import RunRecord

T = TypeVar("T")
LONG_S = 5.0


class _Asked:
    """A question on its way: when it was asked (UTC), and how long its own answer took, in seconds."""

    def __init__(self, question: Question[Any]) -> None:
        self._question = question
        self.begun, self.seconds = datetime.now(UTC), 0.0
        self.ended = threading.Event()

    def fetch(self, connections: Connections) -> Any:
        """The answer. Several are asked at once, and may wait for each other: each counts from its own beginning."""
        self.begun, started = datetime.now(UTC), time.monotonic()
        try:
            return self._question.fetch(connections)
        finally:
            self.seconds = time.monotonic() - started
            self.ended.set()


def ask(question: Question[T], connections: Connections, record: RunRecord) -> T:
    """The answer, recorded and shown as a table from now on. Raises the question's own errors."""
    record.note_asked(question)
    if question.lasts_s >= LONG_S:  # minutes without a line look like a run that hangs
        record.journal.write("asking", name=question.name, lasts_s=round(question.lasts_s))
        LiveLine()(f"{question.name}: about {question.lasts_s:.0f} s")
    asked = _Asked(question)
    try:
        answer: T = asked.fetch(connections)
    except RunbookError as error:
        record.add_unanswered(question.name, error)
        raise
    record.add_fact(question.name, answer, asked.seconds, begun=asked.begun, writes=question.writes)
    kernel.show_as_table(answer)
    return answer


def ask_all(questions: Sequence[Question[Any]], connections: Connections, record: RunRecord,
            head_start_s: float = 0.0) -> tuple[Any, ...]:
    """The answers in order, asked concurrently. Raises the first error, when the other answers are recorded.

    The first question is answered, or has had `head_start_s`, when the others begin.
    """
    record.note_asked(*questions)
    asked = {id(question): _Asked(question) for question in questions}

    def fetch(question: Question[Any]) -> Any:
        if question is not questions[0]:
            asked[id(questions[0])].ended.wait(head_start_s)
        return asked[id(question)].fetch(connections)

    answers = ask_concurrently(questions, fetch)
    # all are recorded before the first error ends the cell: the others were asked, and answered
    for question, answer in zip(questions, answers, strict=True):
        if isinstance(answer, RunbookError):
            record.add_unanswered(question.name, answer)
        else:
            one = asked[id(question)]
            record.add_fact(question.name, answer, one.seconds, begun=one.begun, writes=question.writes)
            kernel.show_as_table(answer)
    for answer in answers:
        if isinstance(answer, RunbookError):
            raise answer
    return tuple(answers)


def watch(gate: Gate, connections: Connections, record: RunRecord) -> WatchResult:
    """Probe as the gate says, for as long as its deadline. In JupyterLab an interrupt ends the watch, not the run."""
    line = LiveLine()

    def observe(probe: Probe, seconds: float) -> None:
        found = _in_words(probe.faults)
        record.journal.write("probe", watch=gate.name, faults=list(probe.faults), counted=found,
                             seconds_left=round(max(0.0, gate.deadline_s - seconds)))
        line(f"{min(seconds, gate.deadline_s):.0f} of {gate.deadline_s:.0f} s: {found}")

    # headless, an interrupt comes from a time limit or an operator who wants the whole run to end
    watched = probe_repeatedly(gate, lambda question: question.fetch(connections), observe,
                               interruptible=not kernel.is_headless())
    record.add_fact(gate.name, watched, watched.duration_s, begun=watched.started_at)
    return watched


def _in_words(faults: tuple[Finding, ...]) -> str:
    return f"{pluralize(len(faults), 'fault')}, the first: {faults[0].check}" if faults else "no fault"
