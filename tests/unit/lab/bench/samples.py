"""A load's result and rows of the benchmark, made for tests."""

from __future__ import annotations

from lab.bench.measures import Row
from lab.traffic.counters import LoadResult

DEPLOY, TRIGGER = "deploy v3.2.0", "Critical service unavailable"


def load_result_of(*failed_by_second: int) -> LoadResult:
    seconds = len(failed_by_second)
    return LoadResult(began_at=1000.0, wanted_rate=10, sent=10 * seconds, failed=sum(failed_by_second), posts=5 * seconds,
                   failed_posts=0, p50_s=0.01, p95_s=0.02, p99_s=0.03, slip_p99_s=0.0, slip_max_s=0.0,
                   sent_by_second=(10,) * seconds, failed_by_second=failed_by_second, reasons={})


def row(task: str, method: str, failed: int, clean_after_s: float | None = None) -> Row:
    return Row(task, method, "done", 30.0, 1000, failed, failed // 10, clean_after_s)
