"""One figure against another program's: Debian's wrk, on the same server at the same time."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from typing import Any

from runbook_lib.core.histogram import histogram_of, merged
from tests.unit.connections.load.application import Application, job
from tests.unit.staging.debian_tools import MISSING, environment, program

DELAY_S, USERS, SECONDS = 0.4, 4, 8
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


def test_the_median_is_that_of_wrk(application: Application, generator: Callable[..., Any]) -> None:
    """Both are closed, with as many users, at once: whatever else this machine does, both meet it."""
    wrk = program("wrk")
    assert wrk is not None, MISSING
    application.delay_s = DELAY_S
    made = generator()
    flow = [one | {"times": 1_000} for one in job()["flow"] if one["name"] == "open the page"]
    made.start(job(model="closed", loads=[USERS], stage_s=float(SECONDS), flow=flow))
    limit = time.monotonic() + 120
    while not application.requests:  # they begin together
        assert time.monotonic() < limit, "the generator sent nothing"
        time.sleep(0.05)
    # wrk takes no authority and no other address: it connects by the address, and names the host in a header
    done = subprocess.run((wrk, "-t", "1", "-c", str(USERS), "-d", f"{SECONDS}s", "--latency", "-H", "Host: " + application.url[8:],
                           f"https://{application.connect_to}/"), env=environment(), capture_output=True, text=True, check=True, timeout=300)
    result = made.end()
    found = re.search(r"50%\s+([0-9.]+)(us|ms|s)", done.stdout)
    assert found is not None, done.stdout
    theirs = float(found[1]) * UNITS[found[2]]
    ours = merged(histogram_of(stage["counts"]["times"]) for stage in result["stages"]).percentile(50)
    assert ours is not None
    assert theirs >= DELAY_S
    assert ours >= DELAY_S
    # the server's own time is most of it; twice as much is a wide berth for a busy machine
    assert 0.5 < ours / theirs < 2
