"""Limits that tests shorten have these values everywhere else."""

from __future__ import annotations

import pytest

from runbook_lib.connections import link, open_connections
from runbook_lib.connections.jobs import following
from runbook_lib.connections.lock import holding
from runbook_lib.core.commands import Command
from runbook_lib.environment import load_environment
from runbook_lib.environment.limits import HEARTBEATS_LOST, Limits
from runbook_lib.execution import undo
from runbook_lib.headless import signals, stops
from runbook_lib.platform.plans.compose import compose_up, start_services
from runbook_lib.platform.plans.nginx import wait_until_drained
from runbook_lib.recovery.plans.restore_steps import maintenance_on


@pytest.mark.parametrize(("name", "value"), [
    ("reconnect_s", 120.0), ("keepalive_s", 5), ("unacknowledged_s", 8.0), ("lock_heartbeat_s", 5.0),
    ("lock_silence_s", 25), ("watchdog_interval_s", 3), ("drain_s", 40.0), ("up_wait_s", 120),
])
def test_a_limit_that_environments_may_set(name: str, value: float) -> None:
    assert getattr(load_environment("staging").limits, name) == value
    assert set(Limits.model_fields) == {"reconnect_s", "keepalive_s", "unacknowledged_s", "lock_heartbeat_s", "lock_silence_s",
                                        "watchdog_interval_s", "drain_s", "up_wait_s"}


@pytest.mark.parametrize(("module", "name", "value"), [
    (following, "ENDING_S", 10.0),
    (link, "CONNECT_TIMEOUT_S", 10.0),
    (holding, "RETAKE_S", 1.0),
    (undo, "SETTLE_S", 60.0),
    (undo, "BRIEF_CHECK_S", 10.0),
    (stops, "LAST_GRACE_S", 30.0),
    (signals, "GRACE_S", 90.0),
], ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_limit_of_the_product(module: object, name: str, value: float) -> None:
    assert getattr(module, name) == value


def test_the_lock_outlives_several_lost_heartbeats() -> None:
    assert Limits().lock_silence_s >= HEARTBEATS_LOST * Limits().lock_heartbeat_s
    with pytest.raises(ValueError, match="a few lost heartbeats do not cost the lock"):
        Limits(lock_silence_s=10)


def test_the_limits_reach_who_waits() -> None:
    environment = load_environment("staging")
    short = Limits(reconnect_s=1, keepalive_s=1, unacknowledged_s=1, watchdog_interval_s=1, drain_s=4, up_wait_s=300)
    environment = environment.model_copy(update={"limits": short})
    with open_connections(environment) as connections:
        assert connections.server.limits is short
    assert "have not exited after 4 s" in str(wait_until_drained(environment))
    assert wait_until_drained(environment).timeout_s == 24
    up = compose_up(environment, "nginx")
    assert up.argv[up.argv.index("--wait-timeout") + 1] == "300" and up.timeout_s == 360
    start = start_services(environment, "nginx")
    assert start.argv[5] == "300" and start.timeout_s == 360
    watchdog = maintenance_on(environment, "blue").actions[0]
    assert isinstance(watchdog, Command) and watchdog.argv[7] == "1"


def test_staging_is_watched_for_an_hour_and_the_gate_has_a_deadline() -> None:
    staging = load_environment("staging")
    assert (staging.watch.duration_s, staging.rollback.watch_s) == (3600, 300)
    assert (staging.gate.success_threshold, staging.gate.interval_s, staging.gate.deadline_s) == (3, 5, 180)
