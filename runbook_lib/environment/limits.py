"""How long a run waits for a link, a lock and a proxy: settings, so that a slow link gets more and a test less."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from runbook_lib.environment.types import BriefSeconds, StrictModel

HEARTBEATS_LOST = 4  # so many may be lost on a bad link before the lock is taken for silent


class Limits(StrictModel):
    """What every environment has that sets nothing else.

    `reconnect_s`: a dropped link is reopened for so long; then the outcome is unknown. `keepalive_s` apart, an idle
    link is asked whether it is there; what was sent must be acknowledged within `unacknowledged_s`, because a network
    that drops packets in silence lets keepalives pass as sent. `lock_silence_s`: a holder that is not heard from for
    so long has lost the lock. `watchdog_interval_s`: how often the maintenance watchdog asks whether the lock is
    held; three times in a row it must not be. `drain_s`: nginx's old workers must have exited by then. `up_wait_s`:
    containers that are started must be healthy by then, or the step fails; an application that migrates or fills a
    cache when it starts needs more.
    """

    # stopping a run counts on it: execution/time_limits.JOB_S must be longer
    reconnect_s: Annotated[float, Field(ge=0.1, le=150, allow_inf_nan=False)] = 120.0
    keepalive_s: Annotated[int, Field(ge=1, le=600)] = 5
    # the kernel counts it in whole milliseconds, and takes 0 for its own default, which is many minutes
    unacknowledged_s: BriefSeconds = 8.0
    lock_heartbeat_s: BriefSeconds = 5.0
    lock_silence_s: Annotated[int, Field(ge=1, le=3600)] = 25
    watchdog_interval_s: Annotated[int, Field(ge=1, le=60)] = 3
    drain_s: BriefSeconds = 40.0
    # less than the first intervals of a usual health check would fail every start
    up_wait_s: Annotated[int, Field(ge=10, le=900)] = 120

    @model_validator(mode="after")
    def _heartbeats_may_be_lost(self) -> Limits:
        if self.lock_silence_s < HEARTBEATS_LOST * self.lock_heartbeat_s:
            raise ValueError(f"lock_silence_s: should be {HEARTBEATS_LOST} times lock_heartbeat_s at least, so that a "
                             "few lost heartbeats do not cost the lock")
        return self
