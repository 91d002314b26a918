"""Frozen values that procedures return and runs walk: actions, steps, plans, findings, verdicts."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from runbook_lib.asking import Question
from runbook_lib.redaction import Secret


class Verdict(StrEnum):
    """What a check or a run came to."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLIED = "not applied"

    @staticmethod
    def worst(verdicts: Iterable[Verdict]) -> Verdict:
        """The gravest of several; no verdict at all is inconclusive, because nothing was looked at."""
        return max(verdicts, key=_GRAVITY.index, default=Verdict.INCONCLUSIVE)


_GRAVITY = [Verdict.PASSED, Verdict.NOT_APPLIED, Verdict.WARNING, Verdict.INCONCLUSIVE, Verdict.FAILED]


class StepState(StrEnum):
    """What became of one step."""

    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    SKIPPED = "skipped"
    NOT_RUN = "not run"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled back"
    ROLLBACK_FAILED = "rollback failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Command:
    """One program on the server, as a tuple; no shell ever sees an unquoted word."""

    argv: tuple[str, ...]
    stdin: str | bytes | Secret | None = None
    cwd: str | None = None
    timeout_s: float = 60.0
    accepts: tuple[int, ...] = (0,)

    def __str__(self) -> str:
        return shlex.join(self.argv)

    def describe(self) -> dict[str, Any]:
        return {"command": list(self.argv), "cwd": self.cwd, "stdin": _stdin_mark(self.stdin)}


@dataclass(frozen=True)
class Pipeline:
    """Programs joined by pipes on the server; fails when any of them fails. `to` takes the output, mode 0600."""

    commands: tuple[Command, ...]
    to: str | None = None
    timeout_s: float = 600.0

    def __str__(self) -> str:
        joined = " | ".join(str(command) for command in self.commands)
        return f"{joined} > {shlex.quote(self.to)}" if self.to else joined

    def describe(self) -> dict[str, Any]:
        return {"pipeline": [command.describe() for command in self.commands], "to": self.to}


@dataclass(frozen=True)
class WriteFile:
    """A whole file on the server, replaced atomically (temporary name, fsync, rename)."""

    path: str
    content: str | Secret
    mode: int = 0o644
    timeout_s: float = 30.0

    def __str__(self) -> str:
        return f"write {self.path} (mode {self.mode:04o})"

    def describe(self) -> dict[str, Any]:
        content = self.content
        mark = content.fingerprint() if isinstance(content, Secret) else hashlib.sha256(content.encode()).hexdigest()
        return {"write": self.path, "mode": self.mode, "content": mark}


@dataclass(frozen=True)
class Gate:
    """Ask again and again until `judge` finds no fault `passes` times in a row, or `deadline_s` is over.

    Several questions are asked side by side; `judge` gets their answers in order. An answer that could not
    be had counts as a failed look. The last findings are kept as evidence. After `gives_up_after` looks in a row with
    a check that failed, or twice as many in all, the gate stays shut without waiting for its deadline; looks without
    an answer are not counted.
    `trigger` names what the gate's staying shut means when it is one of the plan's triggers, `since` as in a Watch. A
    check that is called like one of `triggers` goes before it.
    """

    name: str
    questions: tuple[Question[Any], ...]
    judge: Callable[..., tuple[Finding, ...]]
    passes: int = 3
    interval_s: float = 2.0
    deadline_s: float = 120.0
    gives_up_after: int | None = None
    trigger: str = ""
    triggers: tuple[str, ...] = ()
    since: str = ""

    @property
    def timeout_s(self) -> float:
        return self.deadline_s

    def __str__(self) -> str:
        shut = f", shut after {self.gives_up_after} failing ones" if self.gives_up_after else ""
        looks = "1 clean look" if self.passes == 1 else f"{self.passes} clean looks in a row"
        return f"{self.name}: {looks} within {self.deadline_s:g} s{shut}"

    def describe(self) -> dict[str, Any]:
        return {
            "gate": self.name,
            "questions": [question.name for question in self.questions],
            "passes": self.passes,
            "deadline_s": self.deadline_s,
        }


@dataclass(frozen=True)
class Fired:
    """A trigger that fired: its name in the plan's words, and the metric that passed its limit."""

    trigger: str
    metric: str
    measured: float
    limit: float
    unit: str
    because: str = ""

    @property
    def measure(self) -> str:
        """What was measured beside its limit, in words."""
        if self.unit == "percent":
            return f"{self.metric} {self.measured:.4g} %, limit {self.limit:g} %"
        return f"{self.measured:.4g} {self.metric}, limit {self.limit:g}"

    def __str__(self) -> str:
        because = f" ({self.because})" if self.because else ""
        return f"{self.trigger}: {self.measure}{because}"


@dataclass(frozen=True)
class Reading:
    """What one look of a watch came to: figures by name (None: not known), faults, and the trigger it fired."""

    metrics: Mapping[str, float | None]
    faults: tuple[Finding, ...] = ()
    fired: Fired | None = None


@dataclass(frozen=True)
class Watch:
    """Look every `interval_s` for `duration_s`; a reading that fires a trigger ends it at once, and fails the step.

    `judge` gets the readings so far and the answers in the order of the questions, a RunbookError in the place of one
    that could not be had. `conclude` says at the end what all readings together prove. `since` is the key of the step
    whose undo ends what is watched; `main_metric` with its `limit` and `unit` is drawn when nothing fired. `history`,
    asked when all is over, tells metrics second by second, as (UTC time, value). After `patience` looks in a row
    without a link to the server the outcome is unknown.
    """

    name: str
    questions: tuple[Question[Any], ...]
    judge: Callable[[Sequence[Reading], Sequence[Any]], Reading]
    conclude: Callable[[Sequence[Reading]], tuple[Finding, ...]]
    duration_s: float
    interval_s: float
    since: str = ""
    main_metric: str = ""
    limit: float = 0.0
    unit: str = ""
    history: Question[Mapping[str, Sequence[tuple[datetime, float]]]] | None = None
    patience: int = 6

    @property
    def timeout_s(self) -> float:
        return self.duration_s

    def __str__(self) -> str:
        return f"{self.name}: a look every {self.interval_s:g} s for {self.duration_s:g} s"

    def describe(self) -> dict[str, Any]:
        return {
            "watch": self.name,
            "questions": [question.name for question in self.questions],
            "duration_s": self.duration_s,
            "interval_s": self.interval_s,
        }


Action = Command | Pipeline | WriteFile | Gate | Watch


@dataclass(frozen=True)
class Step:
    """One line of a plan: what is done where, and how it is undone.

    `actions` run in order. `undo` must be safe to run when the step was done, half done or not done at all. Where
    `undo_may_fail`, the undos before it do not rest on this one: they go on, and the walk still ends as a failed
    rollback.
    """

    key: str
    title: str
    actions: tuple[Action, ...]
    undo: tuple[Action, ...] = ()
    why: str = ""
    host: str = "server"
    undo_may_fail: bool = False

    def describe(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "host": self.host,
            "actions": [action.describe() for action in self.actions],
            "undo": [action.describe() for action in self.undo],
        }


@dataclass(frozen=True)
class Skipped:
    """Work that a plan leaves out because the facts show it done already."""

    title: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What will happen, in order. A plan without steps says in `reason` why nothing is to be done.

    `guard` is looked at once when the lock is held, before the first step: a plan was made from facts, and somebody
    may have changed them while it was read. `before_undo` waits until undoing can work at all (it is tried in any
    case); `after_undo` says whether the way back led to something that works; `state` tells what is true now when it
    did not. Once the step `no_way_back_after` has passed nothing is undone by itself: `no_way_back_because` says
    why, `no_way_back_next` what the choices are. `undone_next` is what to do after a rollback.
    """

    name: str
    target: str
    steps: tuple[Step, ...] = ()
    reason: str = ""
    skipped: tuple[Skipped, ...] = ()
    undo_on_failure: bool = False
    facts: dict[str, Any] = field(default_factory=dict, compare=False)
    guard: Gate | None = field(default=None, compare=False)
    before_undo: Gate | None = field(default=None, compare=False)
    after_undo: Gate | None = field(default=None, compare=False)
    state: Question[Any] | None = field(default=None, compare=False)
    no_way_back_after: str = ""
    no_way_back_because: str = ""
    no_way_back_next: str = ""
    undone_next: str = ""

    @property
    def hash(self) -> str:
        """First 16 hex digits of a SHA-256 over everything the plan would do and the facts it rests on.

        Facts that name this very run (times, run ids) do not belong in `facts`, or no plan could be pinned.
        """
        text = json.dumps(self.describe(), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def describe(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "target": self.target,
            "steps": [step.describe() for step in self.steps],
            "reason": self.reason,
            "facts": self.facts,
            **({"no_way_back_after": self.no_way_back_after} if self.no_way_back_after else {}),
        }


@dataclass(frozen=True)
class Finding:
    """One check's answer: what was measured, what was expected, and what to do when they differ."""

    check: str
    verdict: Verdict
    measured: str = ""
    expected: str = ""
    next: str = ""


def finding(check: str, good: bool | None, *, measured: object = "", expected: object = "", next: str = "",
            otherwise: Verdict = Verdict.FAILED) -> Finding:
    """A finding from a truth value; None (the datum is missing) is inconclusive, never a pass."""
    verdict = Verdict.INCONCLUSIVE if good is None else Verdict.PASSED if good else otherwise
    return Finding(check, verdict, str(measured), str(expected), "" if verdict is Verdict.PASSED else next)


def _stdin_mark(stdin: str | bytes | Secret | None) -> str | None:
    if stdin is None:
        return None
    if isinstance(stdin, Secret):
        return f"{stdin!r} {stdin.fingerprint()}"
    raw = stdin.encode() if isinstance(stdin, str) else stdin
    return f"{len(raw)} bytes, sha256 {hashlib.sha256(raw).hexdigest()[:16]}"
