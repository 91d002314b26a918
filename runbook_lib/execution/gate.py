"""Opening a gate: the same questions again and again, until enough clean probes in a row or the deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from runbook_lib.core.browsing import Picture
from runbook_lib.core.errors import HostUnreachable, LinkDropped, RunbookError
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.core.questions import Question

MAX_REPORTED = 3  # faults that a message names; the run's checks have the others

Fetch = Callable[[Question[Any]], Any]


@dataclass(frozen=True)
class GateProbe:
    """One probe of a gate: its number, UTC time and findings, and the counts up to it.

    `clean_in_a_row` and `failed_in_a_row` count to this probe, `failed` counts all. A probe without an answer is not
    clean, and neither adds to the failed ones nor ends their row.
    """

    number: int
    at: datetime
    findings: tuple[Finding, ...]
    clean_in_a_row: int = 0
    failed_in_a_row: int = 0
    failed: int = 0
    picture: Picture | None = None


@dataclass(frozen=True)
class GateOutcome:
    """Whether a gate opened, and every probe of it."""

    opened: bool
    probes: tuple[GateProbe, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the last probe found."""
        return self.probes[-1].findings if self.probes else ()

    @property
    def message(self) -> str:
        """What keeps the gate shut: what failed before what could not be probed, which often follows from it."""
        if self.opened:
            return ""
        faults = [one for one in self.findings if not one.verdict.acceptable]
        reported = ([one for one in faults if one.verdict is Verdict.FAILED] or faults)[:MAX_REPORTED]
        text = "; ".join(f"{one.check}: {one.measured or one.verdict}" for one in reported)
        more = len(faults) - len(reported)
        text += f"; {more} more check{'s' if more > 1 else ''} did not pass" if more else ""
        return text or "not enough clean probes in a row before the deadline"


def open_gate(gate: Gate, fetch: Fetch, observe: Callable[[GateProbe], None] = lambda probe: None) -> GateOutcome:
    """Probe until the gate opens, stays shut for good, or its deadline is over. `observe` gets each probe.

    Raises the link's own error when the last probe had no link: then what the gate would have shown is unknown.
    """
    deadline = time.monotonic() + gate.deadline_s
    link = _Link(fetch)
    probes: list[GateProbe] = []
    while True:
        link.lost = None
        findings, picture = _probe(gate, link.fetch)
        probes.append(_counted(gate, findings, picture, probes))
        observe(probes[-1])
        if probes[-1].clean_in_a_row >= gate.success_threshold:
            return GateOutcome(True, tuple(probes))
        if _stays_shut(gate, probes[-1]):
            return GateOutcome(False, tuple(probes))
        if time.monotonic() + gate.interval_s > deadline:
            if link.lost is not None:
                raise link.lost
            return GateOutcome(False, tuple(probes))
        time.sleep(gate.interval_s)


def probe_once(gate: Gate, fetch: Fetch) -> tuple[Finding, ...]:
    """One probe. An answer that cannot be had is an inconclusive finding, which is not clean."""
    return _probe(gate, fetch)[0]


def _probe(gate: Gate, fetch: Fetch) -> tuple[tuple[Finding, ...], Picture | None]:
    answers = ask_concurrently(gate.questions, fetch)
    missing = [(question, answer) for question, answer in zip(gate.questions, answers, strict=True)
               if isinstance(answer, RunbookError)]
    if missing:
        return tuple(Finding(question.name, Verdict.INCONCLUSIVE, error.what, next_step=error.next_step)
                     for question, error in missing), None
    try:
        return tuple(gate.judge(*answers)), gate.picture(*answers) if gate.picture else None
    except RunbookError as error:
        return (Finding(gate.name, Verdict.INCONCLUSIVE, error.what, next_step=error.next_step),), None


def ask_concurrently(questions: Iterable[Question[Any]], fetch: Fetch) -> list[Any]:
    """The answers in order; a RunbookError in the place of an answer that could not be had."""
    asked = list(questions)
    if len(asked) < 2:
        return [_answer(question, fetch) for question in asked]
    # one for each: behind one that hangs none waits for its turn
    pool = ThreadPoolExecutor(max_workers=len(asked), thread_name_prefix="question")
    try:
        return list(pool.map(lambda question: _answer(question, fetch), asked))
    finally:
        # on Ctrl-C the questions still open end by their own deadlines
        pool.shutdown(wait=False, cancel_futures=True)


def _answer(question: Question[Any], fetch: Fetch) -> Any:
    try:
        return fetch(question)
    except RunbookError as error:
        return error


def _counted(gate: Gate, findings: tuple[Finding, ...], picture: Picture | None,
             before: list[GateProbe]) -> GateProbe:
    """A probe with its counts: no findings at all are not clean, for nothing was seen."""
    last = before[-1] if before else GateProbe(0, datetime.now(UTC), ())
    checked = any(one.verdict.was_checked for one in findings)
    clean = checked and all(one.verdict.acceptable or is_tolerated(gate, one) for one in findings)
    failed = any(one.verdict is Verdict.FAILED for one in findings)
    return GateProbe(
        number=last.number + 1,
        at=datetime.now(UTC),
        findings=findings,
        clean_in_a_row=last.clean_in_a_row + 1 if clean else 0,
        failed_in_a_row=0 if clean else last.failed_in_a_row + failed,
        failed=last.failed + failed,
        picture=picture,
    )


def is_tolerated(gate: Gate, finding: Finding) -> bool:
    """Whether the gate may open although nothing could be seen of this check."""
    return finding.verdict is Verdict.INCONCLUSIVE and finding.check in gate.may_be_inconclusive


def _stays_shut(gate: Gate, probe: GateProbe) -> bool:
    """Whether so many probes failed that waiting longer is of no use: in a row, or twice as many in all."""
    limit = gate.failure_threshold
    return limit is not None and (probe.failed_in_a_row >= limit or probe.failed >= 2 * limit)


@dataclass
class _Link:
    """Asks, and remembers when the question found no link to the server."""

    ask: Fetch
    lost: RunbookError | None = None

    def fetch(self, question: Question[Any]) -> Any:
        try:
            return self.ask(question)
        except (LinkDropped, HostUnreachable) as error:
            self.lost = self.lost or error
            raise
