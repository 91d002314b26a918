"""No request fails during a change of release: deployments and rollbacks alternately under one constant load."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from lab.instance import Instance
from lab.resilience.runner import FinishedRun, start_run
from lab.resilience.suite import Case, Suite
from lab.traffic import Load, background_load
from runbook_lib.environment import project

OLD, NEW = "v3.1.0", "v3.2.0"
TIMES = 10
RATE = 210.0  # the claim is 200 and more
SETTLE_S = 6  # a request may wait 5 s for its reply


def run_cases(instance: Instance) -> Iterator[Case]:
    """Ten deployments and ten rollbacks."""
    return deploys_and_rollbacks(instance, times=TIMES, rate=RATE)


def deploys_and_rollbacks(instance: Instance, *, times: int, rate: float) -> Iterator[Case]:
    """A case for each change of release, and one for the whole load. The old release is live at the end."""
    change(instance, "20_deploy", {"ref": OLD})
    began = time.monotonic()
    with background_load(instance, rate) as load:
        for number in range(1, times + 1):
            yield change_under_load(load, f"deployment {number} of {times}", instance, "20_deploy", {"ref": NEW})
            yield change_under_load(load, f"rollback {number} of {times}", instance, "22_rollback", {"to": OLD})
    result = load.result
    result.write(_outputs().parent / "traffic.json")
    passed = result.failed == 0 and result.kept_up and result.writes_lost == 0
    yield Case(f"{result.rate:.0f} requests a second throughout", passed, str(result), time.monotonic() - began)


def change_under_load(load: Load, name: str, instance: Instance, notebook: str, parameters: dict[str, str]) -> Case:
    """One change of release; passes when the run passed and no request that was due meanwhile failed."""
    began, first = time.monotonic(), load.seconds
    finished = change(instance, notebook, parameters)
    seconds = time.monotonic() - began
    load.wait_until_settled(first + int(seconds) + 2, SETTLE_S + 2)
    sent, failed, outage_s = load.since(first)
    measured = f"exit code {finished.code} after {seconds:.0f} s; {failed} of {sent:,} requests failed"
    if failed:
        measured += f", in {outage_s} s"
    if finished.code:
        measured += f"; {last_lines(finished)}"
    return Case(name, finished.code == 0 and failed == 0 and sent > 0, measured, seconds)


def change(instance: Instance, notebook: str, parameters: dict[str, str]) -> FinishedRun:
    """Run the notebook that changes the release, to its end."""
    reason = f"resilience test under load: {', '.join(parameters.values())}"
    return start_run(instance.name, instance.address.environment, _outputs(), notebook, parameters, reason,
                     low_priority=True).wait()


def last_lines(run: FinishedRun) -> str:
    """The last lines that the run printed, in one line."""
    lines = [line.strip() for line in run.output.splitlines() if line.strip()]
    return " / ".join(lines[-3:])[:500]


def _outputs() -> Path:
    folder = Path(os.environ.get("RUNBOOK_OUTPUTS") or project.outputs())
    folder.mkdir(parents=True, exist_ok=True)
    return folder


SUITE = Suite("traffic", f"No failed request in {TIMES} deployments and {TIMES} rollbacks", run_cases)
