"""Prometheus is stopped: each notebook that asks it says so, shows what it knows without, and ends in time."""

from __future__ import annotations

import pytest

from tests.faults.operators import FinishedRun, Operator
from tests.faults.serving.test_health import broken, found
from tests.lab_server import Lab

NAME = "gw2-staging-prometheus-1"
STOPPED = "Nothing answers at port 9090 of the server's loopback"
# notebook, what it is given, exit codes, a check that needs Prometheus, and one that does not
ASKED = {
    "00_start_here": ((), (1,), "alerts", "a recorded release is live"),
    "41_metrics_review": (("-p", "window=10m"), (4,), "Error rate is recorded", ""),
    "42_alert_drill": ((), (3,), "every condition has its rule", "silences end"),
    "61_capacity_review": ((), (1, 4), "Memory of the server: use is known", "postgres fits its limits"),
}


@pytest.fixture(scope="module")
def runs(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, FinishedRun]:
    """Each notebook once, while it is stopped."""
    operator = Operator(lab, tmp_path_factory.mktemp("runs"))
    with broken(lab, f"docker stop --time 1 {NAME}", f"docker start {NAME}"):
        return {name: operator.run(name, *words) for name, (words, _, _, _) in ASKED.items()}


@pytest.mark.parametrize("name", ASKED)
def test_what_is_missing_is_named_and_the_rest_is_there(runs: dict[str, FinishedRun], name: str) -> None:
    _, codes, asked, other = ASKED[name]
    ended, findings = runs[name], found(runs[name])
    assert ended.code in codes, ended.output
    assert findings[asked]["verdict"] == "inconclusive"
    assert STOPPED in findings[asked]["measured"] or name == "00_start_here", findings[asked]
    assert not other or findings[other]["verdict"] != "inconclusive", findings.keys()
    assert "one more session" not in ended.output and "No SSH connection" not in ended.output
