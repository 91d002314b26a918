"""The same probe again and again for a while, every one of them kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from runbook_lib.core.gates import Gate
from runbook_lib.core.questions import Question
from runbook_lib.core.watch_result import Probe, WatchResult
from runbook_lib.execution import probe_once


def probe_repeatedly(gate: Gate, fetch: Callable[[Question[Any]], Any], observe: Callable[[Probe, float], None], *,
                     interruptible: bool) -> WatchResult:
    """Probe every `gate.interval_s` until `gate.deadline_s` is over; `observe` gets each probe and the seconds so far.

    Where it is `interruptible`, Ctrl-C ends the watch early and the probes so far count; elsewhere it is raised.
    """
    started, started_at = time.monotonic(), datetime.now(UTC)
    probes: list[Probe] = []
    ended_early = False
    try:
        while time.monotonic() - started < gate.deadline_s:
            # due by the start, not by the end of the last: slow answers must not thin the watch out
            due = started + len(probes) * gate.interval_s
            time.sleep(max(0.0, due - time.monotonic()))
            faults = tuple(one for one in probe_once(gate, fetch) if not one.verdict.acceptable)
            probes.append(Probe(datetime.now(UTC), faults))
            observe(probes[-1], time.monotonic() - started)
    except KeyboardInterrupt:
        if not interruptible:
            raise
        ended_early = True
    return WatchResult(tuple(probes), started_at, time.monotonic() - started, ended_early)
