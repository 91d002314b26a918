"""A real load through the real proxy: it makes and removes its users, and ends with its run, however that ends."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.operators import FinishedRun, Operator, wait_for
from tests.lab_server import Lab

USERS = "SELECT count(*) FROM users WHERE username LIKE 'synthetic-load-%'"

def users(lab: Lab) -> int:
    """Accounts of load tests in the database."""
    name = lab.on_server("docker", "ps", "--filter", "label=com.docker.compose.service=postgres", "--format", "{{.Names}}").split()[0]
    return int(lab.on_server("docker", "exec", "-u", "postgres", name, "psql", "-U", "postgres", "-d", "staging_db", "-qAtc", USERS))


def kept(ended: FinishedRun) -> dict[str, Any]:
    assert ended.folder is not None, ended.output
    found: dict[str, Any] = json.loads((ended.folder / "evidence" / "load-test.json").read_text())
    return found


def test_users_go_through_the_proxy_and_leave_nothing(operator: Operator, lab: Lab) -> None:
    """How quick it is, is this machine's affair: what was sent, counted and removed is not."""
    ended = operator.run("60_load_test", "-p", "load=0.5", "-p", "stages=1", "-p", "stage_s=6", apply=True)
    assert ended.states == {"load": "passed"}, ended.output
    assert ended.has("lock_taken")
    data = kept(ended)
    (stage,) = data["result"]["stages"]
    assert (stage["visits"], data["result"]["left_count"]) == (3, 0)
    assert stage["counts"]["requests"] >= 3
    assert sum(row["requests"] for row in data["result"]["seconds"]) == stage["counts"]["requests"]
    assert {"nginx", "postgres", "redis"} <= set(data["containers"])
    assert users(lab) == 0


def test_a_stop_ends_the_load_and_removes_its_users(operator: Operator, lab: Lab) -> None:
    run = operator.start("60_load_test", "-p", "load=2", "-p", "limit=2", "-p", "stages=1", "-p", "stage_s=300", apply=True)
    run.until("step_started")
    wait_for(lambda: users(lab) > 0, "users of the load")
    run.ctrl_c()
    ended = operator.checked(run.wait())
    assert ended.code == 5, ended.output
    assert (ended.states, ended.undone) == ({"load": "aborted"}, ["load"])
    assert users(lab) == 0


def test_a_run_that_is_killed_takes_the_load_along(operator: Operator, lab: Lab) -> None:
    run = operator.start("60_load_test", "-p", "load=2", "-p", "limit=2", "-p", "stages=1", "-p", "stage_s=300", apply=True)
    run.until("step_started")
    wait_for(lambda: users(lab) > 0, "users of the load")
    run.kill()
    run.wait()
    wait_for(lambda: users(lab) == 0, "the generator removes what it made")
