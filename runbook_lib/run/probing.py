"""Watching: the same look again and again for a while, every one of them remembered."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from runbook_lib.core.gates import Gate
from runbook_lib.core.questions import Question
from runbook_lib.core.watch_result import Look, WatchResult
from runbook_lib.execution import probe_once


def watch(
    gate: Gate, fetch: Callable[[Question[Any]], Any], seen: Callable[[Look, float], None], *, interruptible: bool
) -> WatchResult:
    """Look every `gate.interval_s` until `gate.deadline_s` is over; `seen` is told each look and the seconds so far.

    Where it is `interruptible`, Ctrl-C ends the watch early and the looks so far count; elsewhere it ends the run.
    """
    began, started_at = time.monotonic(), datetime.now(UTC)
    looks: list[Look] = []
    early = False
    try:
        while time.monotonic() - began < gate.deadline_s:
            due = began + len(looks) * gate.interval_s
            time.sleep(max(0.0, due - time.monotonic()))
            faults = tuple(one for one in probe_once(gate, fetch) if not one.verdict.acceptable)
            looks.append(Look(datetime.now(UTC), faults))
            seen(looks[-1], time.monotonic() - began)
    except KeyboardInterrupt:
        if not interruptible:
            raise
        early = True
    return WatchResult(tuple(looks), started_at, time.monotonic() - began, early)
