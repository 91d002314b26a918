"""Opening a gate: the same questions again and again, until enough clean looks in a row or the deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from runbook_lib.core.errors import HostUnreachable, LinkDropped, RunbookError
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.core.questions import Question

TOLD = 3  # faults that a message names; the others stand in the run's checks


@dataclass(frozen=True)
class GateOutcome:
    """Whether a gate opened, after how many looks, and what the last one found."""

    opened: bool
    looks: int
    findings: tuple[Finding, ...]

    @property
    def message(self) -> str:
        """What stands in the way: what failed before what could not be looked at, which often follows from it."""
        if self.opened:
            return ""
        faults = [one for one in self.findings if not one.verdict.acceptable]
        told = ([one for one in faults if one.verdict is Verdict.FAILED] or faults)[:TOLD]
        said = "; ".join(f"{one.check}: {one.measured or one.verdict}" for one in told)
        more = len(faults) - len(told)
        said += f"; {more} more check{'s are' if more > 1 else ' is'} not good" if more else ""
        return said or "not enough clean looks in a row before the deadline"


def open_gate(gate: Gate, fetch: Callable[[Question[Any]], Any],
              seen: Callable[[int, tuple[Finding, ...]], None] = lambda look, findings: None) -> GateOutcome:
    """Look until the gate opens or its deadline is over. `seen` is told of each look.

    Raises the link's own error when the last look had no link: then nobody can say what the gate would have shown.
    """
    give_up = time.monotonic() + gate.deadline_s
    clean = failing = failed = looks = 0
    gone: list[RunbookError] = []

    def put_noting_the_link(question: Question[Any]) -> Any:
        try:
            return fetch(question)
        except (LinkDropped, HostUnreachable) as error:
            gone.append(error)
            raise

    while True:
        looks += 1
        gone.clear()
        findings = probe_once(gate, put_noting_the_link)
        clean = clean + 1 if findings and all(one.verdict.acceptable for one in findings) else 0
        if clean:
            failing = 0
        elif any(one.verdict is Verdict.FAILED for one in findings):
            failing += 1
        seen(looks, findings)
        if clean >= gate.success_threshold:
            return GateOutcome(True, looks, findings)
        failed += any(one.verdict is Verdict.FAILED for one in findings)
        limit = gate.failure_threshold
        if limit is not None and (failing >= limit or failed >= 2 * limit):
            return GateOutcome(False, looks, findings)
        if time.monotonic() + gate.interval_s > give_up:
            if gone:
                raise gone[0]
            return GateOutcome(False, looks, findings)
        time.sleep(gate.interval_s)


def probe_once(gate: Gate, fetch: Callable[[Question[Any]], Any]) -> tuple[Finding, ...]:
    """One look. An answer that cannot be had is an inconclusive finding, which is not clean."""
    answers = ask_concurrently(gate.questions, fetch)
    missing = [(question, answer) for question, answer in zip(gate.questions, answers, strict=True)
               if isinstance(answer, RunbookError)]
    if missing:
        return tuple(Finding(question.name, Verdict.INCONCLUSIVE, error.what, next_step=error.next_step)
                     for question, error in missing)
    try:
        return tuple(gate.judge(*answers))
    except RunbookError as error:
        return (Finding(gate.name, Verdict.INCONCLUSIVE, error.what, next_step=error.next_step),)


def ask_concurrently(questions: Iterable[Question[Any]], fetch: Callable[[Question[Any]], Any]) -> list[Any]:
    """The answers in order; a RunbookError in the place of an answer that could not be had."""
    asked = list(questions)
    if len(asked) < 2:
        return [_answer(question, fetch) for question in asked]
    pool = ThreadPoolExecutor(max_workers=min(8, len(asked)), thread_name_prefix="question")
    try:
        return list(pool.map(lambda question: _answer(question, fetch), asked))
    finally:
        # on Ctrl-C the questions still open end by their own deadlines
        pool.shutdown(wait=False, cancel_futures=True)


def _answer(question: Question[Any], fetch: Callable[[Question[Any]], Any]) -> Any:
    try:
        return fetch(question)
    except RunbookError as error:
        return error
