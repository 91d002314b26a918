"""What a watch saw, as one picture and one sentence: the metric, its limit, and the moments that matter."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from runbook_lib.core.errors import RunbookError
from runbook_lib.core.gates import TriggerFired
from runbook_lib.core.text import pluralize
from runbook_lib.core.times import clock
from runbook_lib.execution.backend import ExecutionBackend
from runbook_lib.execution.monitor import WatchOutcome
from runbook_lib.execution.recorder import Recorder

Series = list[tuple[datetime, float]]


@dataclass(frozen=True)
class WatchExhibit:
    """A picture of the report with its words, for the screen too."""

    title: str
    text: str
    svg: str


@dataclass(frozen=True)
class Moments:
    """UTC times of what happened around a watch; None where it did not come to that."""

    switched_at: datetime | None = None
    fired_at: datetime | None = None
    switched_back_at: datetime | None = None
    recovered_at: datetime | None = None

    def labels(self) -> list[tuple[datetime, str]]:
        """The times that are known, each with its label in a chart."""
        named = ((self.switched_at, "switched"), (self.fired_at, "trigger"), (self.switched_back_at, "switched back"),
                 (self.recovered_at, "recovered"))
        return [(at, name) for at, name in named if at is not None]


def record_watch(watched: WatchOutcome | None, recorder: Recorder, backend: ExecutionBackend, *,
                 passed_at: Mapping[str, datetime], undone_at: Mapping[str, datetime],
                 recovered_at: datetime | None) -> WatchExhibit | None:
    """Record what a watch saw: at the head of the report when a trigger fired, among its exhibits otherwise.

    `passed_at` and `undone_at` are UTC times by step key. None when there was no watch or no probe of it.
    """
    if watched is None or not watched.probes:
        return None
    fired = watched.fired
    moments = Moments(
        switched_at=passed_at.get(watched.since),
        fired_at=watched.probes[-1][0] if fired else None,
        switched_back_at=undone_at.get(watched.since),
        recovered_at=recovered_at,
    )
    exhibit = _exhibit(watched, moments, backend)
    metric = fired.metric if fired else watched.primary_metric
    recorder.write("shown", title=exhibit.title, text=exhibit.text,
                   chart=[recorder.chart(f"{metric}.svg", exhibit.svg)], **({"highlight": "first"} if fired else {}))
    if fired:
        recorder.write("trigger", trigger=fired.trigger, metric=fired.metric, measured=fired.measured,
                      limit=fired.limit, unit=fired.unit, detail=fired.because, **vars(moments))
    return exhibit


def _exhibit(watched: WatchOutcome, moments: Moments, backend: ExecutionBackend) -> WatchExhibit:
    from runbook_lib.platform import charts

    fired = watched.fired
    metric = fired.metric if fired else watched.primary_metric
    unit, limit = (fired.unit, fired.limit) if fired else (watched.unit, watched.limit)
    rows = _series(watched, backend, metric)
    title = f"{metric[:1].upper()}{metric[1:]}"
    svg = charts.to_svg(charts.metric_over_time(rows, limit, unit=unit, moments=moments.labels(), title=title))
    if fired is None:
        text = f"{watched.name}: {pluralize(len(watched.probes), 'probe')}, no trigger fired."
        return WatchExhibit(watched.name, text, svg)
    heading = f"Rolled back: {fired.trigger}" if moments.switched_back_at else fired.trigger
    return WatchExhibit(heading, _sentence(fired, moments), svg)


def _series(watched: WatchOutcome, backend: ExecutionBackend, metric: str) -> Series:
    """Second by second where something has counted that, else probe by probe."""
    if watched.history is not None:
        with suppress(RunbookError):
            history = backend.ask(watched.history).get(metric)
            if history:
                return list(history)
    # nothing was probed while steps were undone: that users recovered is a moment of the chart, not a value
    known = ((at, reading.metrics.get(metric)) for at, reading in watched.probes)
    return [(at, float(value)) for at, value in known if value is not None]


def _sentence(fired: TriggerFired, moments: Moments) -> str:
    parts = [f"{fired}."]
    if moments.switched_at and moments.fired_at:
        back = ", not switched back"
        if moments.switched_back_at:
            seconds = (moments.switched_back_at - moments.fired_at).total_seconds()
            back = f", switched back at {clock(moments.switched_back_at)} ({seconds:.1f} s later)"
        parts.append(f"Switched at {clock(moments.switched_at)}, trigger at {clock(moments.fired_at)}{back}.")
    if moments.recovered_at:
        parts.append(f"First clean external probe at {clock(moments.recovered_at)}.")
    return " ".join(parts)
