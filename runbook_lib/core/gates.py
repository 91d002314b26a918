"""Probing again and again: a gate opens after enough clean probes, a watch ends with the first trigger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runbook_lib.core.browsing import Picture
from runbook_lib.core.findings import Finding
from runbook_lib.core.questions import Question
from runbook_lib.core.text import readable_number


@dataclass(frozen=True)
class Gate:
    """Probe again and again until `judge` finds no fault `success_threshold` times in a row, or `deadline_s` is over.

    The questions are asked concurrently; `judge` gets their answers in order. A probe with an answer that could not be
    had is not clean. The findings of the last probe are the evidence. After `failure_threshold` probes in a row with a
    failed check, or twice as many in all, the gate stays shut without waiting for its deadline; probes without an
    answer do not count as failed.

    A check named in `may_be_inconclusive` does not keep the gate shut when nothing could be seen of it; it is reported
    as unresolved, which is not a pass. `picture` makes one of the answers into a picture for the report. What the check
    `headline` measured stands in the head of the report.

    Where staying shut means that one of the plan's triggers fired, `trigger` names it, and `since` is as in a Watch. A
    failed check with the name of one of `triggers` is that trigger instead.
    """

    name: str
    questions: tuple[Question[Any], ...]
    judge: Callable[..., tuple[Finding, ...]]
    success_threshold: int = 3
    interval_s: float = 2.0
    deadline_s: float = 120.0
    failure_threshold: int | None = None
    trigger: str = ""
    triggers: tuple[str, ...] = ()
    since: str = ""
    may_be_inconclusive: tuple[str, ...] = ()
    picture: Callable[..., Picture] | None = None
    headline: str = ""

    @property
    def timeout_s(self) -> float:
        """The longest that the gate can take, in seconds, apart from its last answers."""
        return self.deadline_s

    def __str__(self) -> str:
        failed = "the first failed one" if self.failure_threshold == 1 else f"{self.failure_threshold} failed ones"
        shut = f", given up after {failed}" if self.failure_threshold else ""
        probes = "1 clean probe" if self.success_threshold == 1 else f"{self.success_threshold} clean probes in a row"
        return f"{self.name}: {probes} within {self.deadline_s:g} s{shut}"

    def describe(self) -> dict[str, Any]:
        """What the plan's hash covers."""
        return {
            "gate": self.name,
            "questions": [question.name for question in self.questions],
            "success_threshold": self.success_threshold,
            "failure_threshold": self.failure_threshold,
            "interval_s": self.interval_s,
            "deadline_s": self.deadline_s,
            "trigger": self.trigger,
            "triggers": list(self.triggers),
            "since": self.since,
            "may_be_inconclusive": list(self.may_be_inconclusive),
        }


@dataclass(frozen=True)
class TriggerFired:
    """A trigger that fired: its name in the plan's words, and the metric that passed its limit."""

    trigger: str
    metric: str
    measured: float
    limit: float
    unit: str
    because: str = ""

    @property
    def measure(self) -> str:
        """What was measured and its limit, in words."""
        if self.unit == "percent":
            return f"{self.metric} {readable_number(self.measured, 4)} %, limit {self.limit:g} %"
        return f"{readable_number(self.measured, 4)} {self.metric}, limit {self.limit:g}"

    def __str__(self) -> str:
        because = f" ({self.because})" if self.because else ""
        return f"{self.trigger}: {self.measure}{because}"


@dataclass(frozen=True)
class Reading:
    """The result of one probe of a watch: figures by name (None: not known), faults, and the trigger it fired."""

    metrics: Mapping[str, float | None]
    faults: tuple[Finding, ...] = ()
    fired: TriggerFired | None = None


@dataclass(frozen=True)
class Watch:
    """Probe every `interval_s` for `duration_s`; a reading that fires a trigger ends it at once, and fails the step.

    `judge` gets the readings so far and the answers in the order of the questions, a RunbookError in the place of one
    that could not be had. `conclude` judges at the end what all readings together prove. `since` is the key of the
    step whose undo ends what is watched; `primary_metric` with its `limit` and `unit` is drawn when nothing fired.
    `history`, asked at the end, has metrics second by second, as (UTC time, value). After `max_unreachable_probes`
    in a row without a link to the server the outcome is unknown. What the check `headline` measured stands in the head
    of the report.
    """

    name: str
    questions: tuple[Question[Any], ...]
    judge: Callable[[Sequence[Reading], Sequence[Any]], Reading]
    conclude: Callable[[Sequence[Reading]], tuple[Finding, ...]]
    duration_s: float
    interval_s: float
    since: str = ""
    primary_metric: str = ""
    limit: float = 0.0
    unit: str = ""
    history: Question[Mapping[str, Sequence[tuple[datetime, float]]]] | None = None
    max_unreachable_probes: int = 6
    headline: str = ""

    @property
    def timeout_s(self) -> float:
        """How long the watch takes when no trigger fires, in seconds."""
        return self.duration_s

    def __str__(self) -> str:
        return f"{self.name}: a probe every {self.interval_s:g} s for {self.duration_s:g} s"

    def describe(self) -> dict[str, Any]:
        """What the plan's hash covers."""
        return {
            "watch": self.name,
            "questions": [question.name for question in self.questions],
            "duration_s": self.duration_s,
            "interval_s": self.interval_s,
            "since": self.since,
            "primary_metric": self.primary_metric,
            "limit": self.limit,
            "max_unreachable_probes": self.max_unreachable_probes,
        }
