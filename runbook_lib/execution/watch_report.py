"""What a watch saw, as one picture and one sentence: the metric, its limit, and the moments that matter."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder
from runbook_lib.core.errors import RunbookError
from runbook_lib.core.gates import TriggerFired
from runbook_lib.execution.backend import ExecutionBackend
from runbook_lib.execution.monitor import WatchOutcome

Series = list[tuple[datetime, float]]


@dataclass(frozen=True)
class WatchExhibit:
    """A picture of the report with its words, for the screen too."""

    title: str
    text: str
    svg: str


def record_watch(watched: WatchOutcome | None, journal: Journal, folder: RunFolder, hands: ExecutionBackend, *,
               passed_at: Mapping[str, datetime], undone_at: Mapping[str, datetime] | None = None,
               clean_at: datetime | None = None) -> WatchExhibit | None:
    """Record what a watch saw: at the head of the report when a trigger fired, among its exhibits otherwise."""
    if watched is None or not watched.looks:
        return None
    from runbook_lib.platform import charts

    fired, ended_at = watched.fired, watched.looks[-1][0]
    switched, flipped = passed_at.get(watched.since), (undone_at or {}).get(watched.since)
    metric = fired.metric if fired else watched.primary_metric
    unit, limit = (fired.unit, fired.limit) if fired else (watched.unit, watched.limit)
    named = ((switched, "switched"), (ended_at if fired else None, "trigger"), (flipped, "flipped back"),
             (clean_at, "clean again"))
    moments = [(at, name) for at, name in named if at is not None]
    rows = _series(watched, hands, metric, clean_at)
    title = f"{metric[:1].upper()}{metric[1:]}"
    svg = charts.to_svg(charts.metric_over_time(rows, limit, unit=unit, moments=moments, title=title))
    text = _sentence(fired, switched, ended_at, flipped, clean_at) if fired else \
        f"{watched.name}: {len(watched.looks)} looks, no trigger fired."
    heading = f"Rolled back: {fired.trigger}" if fired and flipped else fired.trigger if fired else watched.name
    journal.write("shown", title=heading, text=text, chart=[folder.chart(f"{metric}.svg", svg)],
                  **({"highlight": "first"} if fired else {}))
    if fired:
        journal.write("trigger", trigger=fired.trigger, metric=fired.metric, measured=fired.measured,
                      limit=fired.limit, unit=fired.unit, because=fired.because, switched_at=switched,
                      fired_at=ended_at, flipped_at=flipped, clean_at=clean_at)
    return WatchExhibit(heading, text, svg)


def _series(watched: WatchOutcome, hands: ExecutionBackend, metric: str, clean_at: datetime | None) -> Series:
    """Second by second where something has counted that, else look by look."""
    if watched.history is not None:
        with suppress(RunbookError):
            told = hands.ask(watched.history).get(metric)
            if told:
                return list(told)
    rows = [(at, float(reading.metrics[metric] or 0.0)) for at, reading in watched.looks if metric in reading.metrics]
    return [*rows, (clean_at, 0.0)] if clean_at is not None else rows


def _sentence(fired: TriggerFired, switched: datetime | None, fired_at: datetime, flipped: datetime | None,
              clean_at: datetime | None) -> str:
    parts = [f"{fired}."]
    parts += [f"Switched at {_clock(switched)}, trigger at {_clock(fired_at)}"
              + (f", flipped back at {_clock(flipped)} ({(flipped - fired_at).total_seconds():.1f} s later)"
                 if flipped else ", not flipped back") + "."] if switched else []
    parts += [f"Clean again from outside at {_clock(clean_at)}."] if clean_at else []
    return " ".join(parts)


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S} UTC"
