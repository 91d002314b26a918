"""61 on a live server: a metric that the application has renamed, a limit that is reached, too short a history."""

from __future__ import annotations

import json
from collections.abc import Callable

import yaml

from tests.faults.operators import FinishedRun, Operator

CHANGED = {"minimum_days": 3650, "resources": {
    "redis_memory": {"query": "renamed_by_the_application"},
    "server_memory": {"limit": 0.5},  # percent: any server uses more
    "database_connections": {"limit": "tuning.postgres.max_connections"},
}}


def findings(ended: FinishedRun) -> dict[str, dict[str, str]]:
    return {one["check"]: one for event in ended.events if event["event"] == "findings" for one in event["findings"]}


def test_each_red_case_on_a_live_server_and_what_is_kept_for_the_next_review(
        operator: Operator, environment_with: Callable[..., str]) -> None:
    mine = environment_with(capacity=CHANGED)
    ended = operator.run("61_capacity_review", "-p", "deadline_s=60", environment=mine)
    found = findings(ended)
    assert ended.code == 1, ended.output
    assert found["Memory of Redis: known"]["measured"] == "renamed_by_the_application gave no series"
    assert found["Memory of Redis: known"]["verdict"] == "inconclusive"
    assert found["Memory of the server: below its limit"]["verdict"] == "failed"
    assert found["Connections of the database: below its limit"]["verdict"] == "passed"
    assert "of history, at least 3650 are needed" in found["Connections of the database: lasts"]["measured"]
    assert found["postgres fits its limits"]["verdict"] in ("passed", "warning")  # how busy this machine is decides
    assert "held back in" in found["postgres fits its limits"]["measured"]
    assert found["Docker's images are measured"]["verdict"] == "passed"
    assert ended.folder is not None
    kept = json.loads((ended.folder / "evidence/capacity.json").read_text())["figures"]
    assert kept["Memory of postgres"]["use"] > 1_000_000
    assert kept["/backups/postgres"]["use"] > 0
    yaml.safe_load((ended.folder / "evidence/resources.yaml").read_text())
