"""A load test that was sent, without sending one."""

from __future__ import annotations

from typing import Any

from runbook_lib.capacity.facts.container_use import UseSample
from runbook_lib.capacity.facts.load_result import load_result_of
from runbook_lib.capacity.facts.load_test import LoadTestRun, load_test
from tests.unit.data_values import environment_with

BOUNDS = {"load_test.rate_per_s": 2.0, "load_test.limit_per_s": 8.0, "load_test.users": 2, "load_test.limit_users": 8,
          "load_test.stages": 3, "load_test.stage_s": 10.0}
FAST, SLOW = "384", "454"  # counters of 200 ms and of 800 ms


def planned(model: str = "open", **given: Any) -> LoadTestRun:
    """A load test of a staging environment that may be put under more load."""
    return load_test(environment_with(BOUNDS), model, **given)


def raw_result(*, ended: str = "limit", errors: int = 0, time: str = FAST, loads: tuple[float, ...] = (2.0, 5.0, 8.0)) -> dict[str, Any]:
    """What the generator prints at its end."""
    counts = {"requests": 340, "replies": 340, "errors": errors, "limited": 0, "unsent": 0, "times": {time: 340}}
    stages = [{"load": load, "begins_s": 10.0 * place, "seconds": 10.0, "visits": 20, "finished": 20, "works": 20, "late_p95_s": 0.001,
               "counts": counts, "steps": {"open the page": counts, "register": counts}, "reasons": {"register: status 500": errors} if errors else {}}
              for place, load in enumerate(loads)]
    seconds = [{"second": second, "requests": 34 if second % 7 else 0, "errors": errors, "limited": 0, "p50_s": 0.1 if second % 7 else None,
                "p95_s": 0.2 if second % 7 else None, "p99_s": 0.3 if second % 7 else None} for second in range(10 * len(loads))]
    return {"ended": ended, "began_at": 1_790_000_000.0, "duration_s": 10.0 * len(loads), "stages": stages, "seconds": seconds,
            "visits": 60, "left": [], "left_count": 0}


def sent(**of: Any) -> LoadTestRun:
    """The same after its load; with samples of two containers."""
    test = planned()
    test.raw = raw_result(**of)
    test.result = load_result_of(test.raw)
    test.samples = [UseSample(service, 1_790_000_000.0 + second, 100 * share, 100_000_000)
                    for service, share in (("backend-blue", 0.9), ("postgres", 0.2)) for second in range(0, 31, 2)]
    return test
