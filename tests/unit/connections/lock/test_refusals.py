"""Each reason for which the lock cannot be had has its own words and its own next step."""

from __future__ import annotations

import pytest

from runbook_lib.connections.lock.refusals import MAINTENANCE_WATCHDOG, describe_jobs, refusal
from runbook_lib.core.errors import LockHeld, PreconditionFailed

HELD = '{"owner": "ana@desk", "run_id": "r1", "purpose": "deploy", "started": "2026-01-01T00:00:00Z", "from": "desk"}'


@pytest.mark.parametrize(("answer", "details", "what", "next_step"), [
    ("held", HELD, "ana@desk has held the lock since 2026-01-01T00:00:00Z for deploy (run r1, from desk", "contact the owner"),
    ("held", "", "Another operator has held the lock since an unknown time", "within 25 s"),
    ("busy", "jobs/r1/dump-1 jobs/r1/dump-2", "still running", "jobs/r1/dump-1, jobs/r1/dump-2"),
    ("busy", "", "still running", "a job that left no folder"),
    ("broken", '{"by": "ben", "from": "laptop", "at": "now"}', "broken by ben (from laptop) at now", "start a new run"),
    ("broken", "", "an unknown operator (host not recorded)", "Another operator has taken over"),
    ("broken", f'{{"by": "{MAINTENANCE_WATCHDOG}", "at": "now"}}', "took over at now", "finishes what was started"),
    ("passed", "r2", "Another run (r2) has held the lock since", "Start a new run"),
])
def test_a_refusal_says_who_and_what_to_do(answer: str, details: str, what: str, next_step: str) -> None:
    error = refusal("deploy@h:22", "staging", answer, details, 25)
    assert isinstance(error, LockHeld)
    assert what in error.what
    assert next_step in error.next_step
    assert error.where == "deploy@h:22: staging"


def test_jobs_without_a_holder() -> None:
    assert "nothing blocks" in describe_jobs(None)
    assert "jobs/r1/a. It ends at its deadline" in describe_jobs({"jobs": ["jobs/r1/a"]})
    assert "those folders" in describe_jobs({"jobs": ["jobs/r1/a", "jobs/r1/b"]})


def test_a_folder_of_another_project_is_not_a_lock_that_is_held() -> None:
    error = refusal("deploy@h:22", "second", "other", "gw2-staging", 25, "gw2-second")
    assert isinstance(error, PreconditionFailed) and not isinstance(error, LockHeld)
    assert "belongs to the Compose project gw2-staging; this environment's project is gw2-second" in error.what
    assert "compose.project to gw2-staging" in error.next_step
