"""A watch that sees rows come into this database: a release may be healthy on another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

from runbook_lib.core.errors import Inconclusive
from runbook_lib.core.findings import Finding
from runbook_lib.core.gates import Reading
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.replaced_release import rows_are_written
from runbook_lib.platform.facts.smoke_test import UserFlow, run_smoke_test
from runbook_lib.platform.facts.written_rows import RowCounter, WrittenRows

WRITTEN = "rows written"
Judge = Callable[[Sequence[Reading], Sequence[Any]], Reading]
Conclude = Callable[[Sequence[Reading]], tuple[Finding, ...]]


def stores_rows(environment: Environment) -> bool:
    """Whether a step of the smoke test says that it stores a row in the environment's database."""
    return bool(environment.smoke and environment.smoke.writes and environment.database)


def smoke_test_counted(environment: Environment, rows: RowCounter) -> Question[UserFlow]:
    """The smoke test, with rows counted from before its first request where one of its steps stores some."""
    question = run_smoke_test(environment)
    if not stores_rows(environment):
        return question

    def fetch(connections: Connections) -> UserFlow:
        with suppress(Inconclusive):  # then the watch begins to count, and judges what it can
            rows.begin(connections)
        return question.fetch(connections)

    return replace(question, fetch=fetch)


def with_rows(environment: Environment, rows: RowCounter, watch_s: float, judge: Judge,
              conclude: Conclude) -> tuple[Judge, Conclude]:
    """Both of a watch whose last question is `rows_since`: the figure in each reading, and the check at its end."""

    def judged(before: Sequence[Reading], answers: Sequence[Any]) -> Reading:
        *others, came = answers
        reading = judge(before, others)
        written = float(came.total) if isinstance(came, WrittenRows) else None
        return Reading({**reading.metrics, WRITTEN: written}, reading.faults, reading.fired)

    def concluded(readings: Sequence[Reading]) -> tuple[Finding, ...]:
        known = [one.metrics[WRITTEN] for one in readings if one.metrics.get(WRITTEN) is not None]
        grown = tuple(int((later or 0) - (earlier or 0)) for earlier, later in pairwise(known))
        # what the smoke test stored came before the first of them
        first = (int(known[0] or 0),) if known and (known[0] or rows.began_before) else ()
        # a count that is late may come to the end of the watch, so that one must be known there
        stored = rows.began_before and bool(readings) and readings[-1].metrics.get(WRITTEN) is not None
        # a watch of one reading knows what came since that count; without one it has nothing to compare
        since = WrittenRows((*first, *grown), rows.late, stored) if first or grown else None
        return (*conclude(readings), rows_are_written(rows.before, since, environment, watch_s))

    return judged, concluded
