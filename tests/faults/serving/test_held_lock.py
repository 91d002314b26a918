"""Another operator holds the lock: who, since when, in which run."""

from __future__ import annotations

from runbook_lib.connections import OpenConnections
from runbook_lib.connections.lock import EnvironmentLock, lock_holder
from runbook_lib.environment import Environment
from tests.faults.operators import Operator


def test_a_held_lock_names_its_holder_and_is_left_alone(
    operator: Operator, environment: Environment, connections: OpenConnections
) -> None:
    held = EnvironmentLock(connections.server, environment, "jane@desk", "20261122T120000Z-abcdef", "deploy v9")
    with held:
        ended = operator.start("30_backup_database", apply=True).wait()
        record = lock_holder(connections.server)
        assert record is not None
        assert record["run_id"] == "20261122T120000Z-abcdef"
        planned = operator.start("30_backup_database").wait()
    operator.checked(ended)
    assert ended.code == 3, ended.output
    for word in ("jane@desk", "20261122T120000Z-abcdef", "deploy v9", f"since {record['started']}", "Next: Wait"):
        assert word in ended.output
    assert (ended.end["state"], ended.states) == ("refused", {})
    assert not ended.has("lock_released")
    assert planned.code == 0, planned.output  # a plan can be read while another operator works
