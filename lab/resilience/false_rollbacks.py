"""Good releases stay: deploys of good releases at three loads, with every trigger watching, none rolled back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

from lab.instance import Instance
from lab.resilience.suite import Case, Suite
from lab.resilience.traffic import NEW, OLD, change, last_words
from lab.traffic import background_load

TIMES = 20
RATES = (0.0, 1.0, 100.0)


def prove(instance: Instance) -> Iterator[Case]:
    """Twenty deploys at each of the loads."""
    for rate in RATES:
        yield from good_deploys(instance, times=TIMES, rate=rate)


def good_deploys(instance: Instance, *, times: int, rate: float) -> Iterator[Case]:
    """Two good releases in turn at `rate` requests a second; a case for each, which holds when it stayed."""
    words = f"{rate:g} requests a second"
    change(instance, "20_deploy", {"ref": OLD})
    with ExitStack() as stack:
        load = stack.enter_context(background_load(instance, rate)) if rate else None
        for number in range(1, times + 1):
            ref, began = (NEW, OLD)[(number - 1) % 2], time.monotonic()
            ended = change(instance, "20_deploy", {"ref": ref})
            seconds = time.monotonic() - began
            measured = f"{ref}: exit code {ended.code}" + (f"; {last_words(ended)}" if ended.code else "")
            watched = ended.states.get("watch") == "passed"
            measured += "" if watched else "; the watch did not pass"
            yield Case(f"deploy {number} of {times} at {words}", ended.code == 0 and watched, measured, seconds)
    if load is not None:
        result = load.result
        sent = result.seconds > 0 and result.rate >= 0.99 * rate
        yield Case(f"the load of {words}", sent, str(result), float(result.seconds))


SUITE = Suite("false_rollbacks",
              f"No false rollback in {TIMES} good deploys at 0, 1 and 100 requests a second each",
              prove)
