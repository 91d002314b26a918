"""61 on a live server: a metric that the application has renamed, a limit that is reached, too short a history."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import yaml

from tests.faults.operators import FinishedRun, Operator
from tests.lab_server import Lab

CHANGED = {"minimum_days": 3650, "resources": {
    "redis_memory": {"query": "renamed_by_the_application"},
    "server_memory": {"limit": 0.5},  # percent: any server uses more
    "database_connections": {"limit": "tuning.postgres.max_connections"},
}}


def wait_for_samples(lab: Lab) -> None:
    """Until a Prometheus that has just started has scraped and recorded what the test needs."""
    query = "count(pg_stat_database_numbackends) and count(gw2:memory_usage:percent)"
    deadline = time.monotonic() + 120
    asked = f"curl -sG http://127.0.0.1:9090/api/v1/query --data-urlencode 'query={query}' || true"  # it may not listen yet
    while '"value"' not in lab.on_server("sh", "-c", asked):
        assert time.monotonic() < deadline, "Prometheus has recorded nothing"
        time.sleep(1)


def findings(ended: FinishedRun) -> dict[str, dict[str, str]]:
    return {one["check"]: one for event in ended.events if event["event"] == "findings" for one in event["findings"]}


def test_each_red_case_on_a_live_server_and_what_is_kept_for_the_next_review(
        lab: Lab, operator: Operator, environment_with: Callable[..., str]) -> None:
    wait_for_samples(lab)
    mine = environment_with(capacity=CHANGED)
    ended = operator.run("61_capacity_review", "-p", "deadline_s=60", environment=mine)
    found = findings(ended)
    assert ended.code == 1, ended.output
    assert found["Memory of Redis: use is known"]["measured"] == "renamed_by_the_application gave no series"
    assert found["Memory of Redis: use is known"]["verdict"] == "inconclusive"
    assert found["Memory of the server: below the limit"]["verdict"] == "failed"
    assert found["Connections of the database: below the limit"]["verdict"] == "passed"
    refused = next(one["measured"] for check, one in found.items() if check.endswith("limits last"))
    assert "of history, at least 3650 are needed" in refused
    assert "Connections of the database" in refused
    # how busy this machine is, and how long the container runs, decide
    assert found["postgres fits its limits"]["verdict"] in ("passed", "warning", "inconclusive")
    assert "held back in" in found["postgres fits its limits"]["measured"]
    assert found["Docker's images are measured"]["verdict"] == "passed"
    assert ended.folder is not None
    kept = json.loads((ended.folder / "evidence/capacity.json").read_text())["figures"]
    assert kept["Memory of postgres"]["use"] > 1_000_000
    assert kept["/backups/postgres"]["use"] > 0
    yaml.safe_load((ended.folder / "evidence/resources.yaml").read_text())
