"""Limits that tests shorten have these values everywhere else."""

from __future__ import annotations

import pytest

from runbook_lib.connections import dialling, link
from runbook_lib.connections.jobs import following, retrying
from runbook_lib.connections.lock import holding, refusals
from runbook_lib.environment import load_environment
from runbook_lib.execution import undo


@pytest.mark.parametrize(("module", "name", "value"), [
    (retrying, "RECONNECT_LIMIT_S", 120.0),
    (following, "ENDING_S", 10.0),
    (link, "KEEPALIVE_S", 5),
    (dialling, "USER_TIMEOUT_MS", 8_000),
    (link, "CONNECT_TIMEOUT_S", 10.0),
    (refusals, "SILENCE_S", 25),
    (holding, "SILENCE_S", 25),
    (holding, "HEARTBEAT_S", 5.0),
    (holding, "RETAKE_S", 1.0),
    (undo, "SETTLE_S", 60.0),
], ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_limit_of_the_product(module: object, name: str, value: float) -> None:
    assert getattr(module, name) == value


def test_the_lock_outlives_several_lost_heartbeats() -> None:
    assert refusals.SILENCE_S >= 4 * holding.HEARTBEAT_S


def test_staging_is_watched_for_an_hour_and_the_gate_has_a_deadline() -> None:
    staging = load_environment("staging")
    assert (staging.watch.duration_s, staging.rollback.watch_s) == (3600, 300)
    assert (staging.gate.success_threshold, staging.gate.interval_s, staging.gate.deadline_s) == (3, 5, 180)
