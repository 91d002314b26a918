"""The environment at a glance."""

from __future__ import annotations

from runbook_lib.core.findings import Verdict
from runbook_lib.environment import load_environment
from runbook_lib.observability.checks.environment_overview import operation_row, overview
from runbook_lib.platform.facts.operations import Operation, parse_operation
from runbook_lib.platform.facts.releases import Deployed

ENVIRONMENT = load_environment("staging")
EMPTY = Deployed(None, None, None, None, None, frozenset(), ())


def test_nothing_deployed_is_one_warning_and_not_a_dozen_failures() -> None:
    (only,) = overview(ENVIRONMENT, EMPTY, (), None, ())  # type: ignore[arg-type]
    assert (only.verdict, only.next_step) == (Verdict.WARNING, "Open 20 Deploy.")


def test_the_holder_is_read_from_the_locks_record() -> None:
    record = '{"owner": "ann", "run_id": "r1", "purpose": "deploy v3.2.0", "started": "s", "heartbeat": "h"}'
    assert parse_operation(record) == Operation("ann", "r1", "deploy v3.2.0", "s", "h")
    assert operation_row(parse_operation(record))["by"] == "ann"


def test_a_lock_that_is_not_held_is_shown_as_such() -> None:
    assert parse_operation("\n") is None
    assert operation_row(None) == {"now": "The lock is not held: no operation is in progress."}
