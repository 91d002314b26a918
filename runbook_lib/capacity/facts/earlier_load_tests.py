"""Earlier load tests, from the files that their runs kept: which of them is to be compared, and the trend of all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from runbook_lib.capacity.facts.load_result import LoadResult, load_result_of
from runbook_lib.capacity.facts.load_test import FORMAT, LoadTestRun
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.text import readable_number
from runbook_lib.core.times import from_timestamp


@dataclass(frozen=True)
class EarlierLoadTest:
    """One that was applied: when it began (UTC), its run, and what it sent and found."""

    started: datetime
    run_id: str
    model: str
    stage_s: float
    flow: str
    result: LoadResult

    @property
    def row(self) -> dict[str, str]:
        """One row of a table."""
        stage = self.result.judged
        p95_ms = stage.counts.percentile_ms(95) if stage else None
        errors = stage.counts.error_rate_percent if stage else None
        return {"started (UTC)": f"{self.started:%Y-%m-%d %H:%M}", "model": self.model,
                "load": f"{stage.load:g}" if stage else "–", "p95 (ms)": "–" if p95_ms is None else f"{p95_ms:.0f}",
                "errors (%)": "–" if errors is None else readable_number(errors, 2), "ended": self.result.ended}


def earlier_load_tests(kept: Iterable[tuple[datetime, str, str]]) -> tuple[EarlierLoadTest, ...]:
    """(start, run id, file) of archived runs as values, newest first; what sent nothing or cannot be read is left out.

    A file of another format is not an earlier test: the comparison then begins anew.
    """
    found = (_earlier(*one) for one in kept)
    return tuple(sorted((one for one in found if one), key=lambda one: one.started, reverse=True))


def comparable(test: LoadTestRun, earlier: Sequence[EarlierLoadTest]) -> EarlierLoadTest | None:
    """The newest with the same flow, model, length and load as this test's first stage."""
    return next((one for one in earlier if same_load(test, one)), None)


def same_load(test: LoadTestRun, one: EarlierLoadTest) -> bool:
    """Whether the stages that are judged can be compared."""
    stage = one.result.judged
    return bool(test.loads and stage and one.model == test.model and one.flow == test.flow_mark
                and math.isclose(stage.load, test.loads[0]) and math.isclose(one.stage_s, test.stage_s))


def trend(test: LoadTestRun, earlier: Sequence[EarlierLoadTest]) -> tuple[tuple[datetime, float], ...]:
    """UTC time and p95 in milliseconds of all tests at this test's load, itself included, for a chart."""
    alike = [one for one in earlier if same_load(test, one)]
    points = [(one.started, one.result.judged.counts.percentile_ms(95)) for one in alike if one.result.judged]
    now = test.result.judged if test.result else None
    if now and test.result:
        points.append((from_timestamp(test.result.began_at), now.counts.percentile_ms(95)))
    return tuple(sorted((at, value) for at, value in points if value is not None))


def _earlier(started: datetime, run_id: str, text: str) -> EarlierLoadTest | None:
    try:
        data = read_json(text)
        if data["format"] != FORMAT or not data["result"]:
            return None
        return EarlierLoadTest(started, run_id, str(data["model"]), float(data["stage_s"]), str(data["flow"]),
                               load_result_of(data["result"]))
    except (ValueError, KeyError, TypeError, FactUnreadable):
        return None
