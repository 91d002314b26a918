"""Good releases stay live: deployments at three loads with every trigger watching, and none is rolled back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

from lab.instance import Instance
from lab.resilience.suite import Case, Suite
from lab.resilience.traffic import NEW, OLD, change, last_lines
from lab.traffic import background_load

TIMES = 20
RATES = (0.0, 1.0, 100.0)


def run_cases(instance: Instance) -> Iterator[Case]:
    """Twenty deployments at each of the loads."""
    for rate in RATES:
        yield from good_deployments(instance, times=TIMES, rate=rate)


def good_deployments(instance: Instance, *, times: int, rate: float) -> Iterator[Case]:
    """Two good releases alternately at `rate` requests a second; a case passes when the release stays live."""
    load_name = f"{rate:g} requests a second"
    change(instance, "20_deploy", {"ref": OLD})
    with ExitStack() as stack:
        load = stack.enter_context(background_load(instance, rate)) if rate else None
        for number in range(1, times + 1):
            ref, began = (NEW, OLD)[(number - 1) % 2], time.monotonic()
            finished = change(instance, "20_deploy", {"ref": ref})
            seconds = time.monotonic() - began
            measured = f"{ref}: exit code {finished.code}" + (f"; {last_lines(finished)}" if finished.code else "")
            watched = finished.states.get("watch") == "passed"
            measured += "" if watched else "; the watch did not pass"
            yield Case(f"deployment {number} of {times} at {load_name}", finished.code == 0 and watched, measured,
                       seconds)
    if load is not None:
        result = load.result
        sent = result.seconds > 0 and result.rate >= 0.99 * rate
        yield Case(f"the load of {load_name}", sent, str(result), float(result.seconds))


SUITE = Suite("false_rollbacks", f"No false rollback in {TIMES} good deployments at each of 0, 1 and 100 requests/s",
              run_cases)
