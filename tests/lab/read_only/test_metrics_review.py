"""41 on a live Prometheus, with one metric that the application has renamed: the others are shown, and that one is named."""

from __future__ import annotations

import csv
from collections.abc import Callable

from tests.faults.operators import Operator


def test_a_renamed_metric_is_inconclusive_and_the_others_are_there(operator: Operator, environment_with: Callable[..., str]) -> None:
    renamed = environment_with(metrics={"active_users": {"queries": {"users": "renamed_by_the_application"}}})
    ended = operator.run("41_metrics_review", "-p", "window=5m", "-p", "deadline_s=60", environment=renamed)
    found = {one["check"]: one for event in ended.events if event["event"] == "findings" for one in event["findings"]}
    assert found["Active users is recorded"]["verdict"] == "inconclusive", ended.output
    assert found["Active users is recorded"]["measured"] == "renamed_by_the_application gave no series"
    assert found["Request rate is recorded"]["verdict"] in ("passed", "warning"), found["Request rate is recorded"]
    assert ended.code in (1, 4)  # whether a threshold was crossed besides depends on how busy this machine was
    assert ended.folder is not None
    rows = list(csv.DictReader((ended.folder / "evidence/metrics.csv").read_text().splitlines()))
    assert [name for name in rows[0] if name.startswith("response_time")] == [f"response_time {line} [s]" for line in ("p50", "p95", "p99")]
    assert any(row["request_rate requests [req/s]"] for row in rows)
    assert not any(row["active_users users [users]"] for row in rows)
