"""The scenarios of the benchmark, one after the other on one instance under one load that never stops."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lab.bench.faults import FAULTS, Fault
from lab.bench.manual import Operator
from lab.bench.measures import MANUAL, RUNBOOK, Interval
from lab.errors import LabError
from lab.instance import Instance
from lab.resilience.runner import FinishedRun, start_run
from lab.traffic import Load

OLD, NEW = "v3.1.0", "v3.2.0"
ROLLED_BACK = 5
SETTLE_S = 8.0
CLEAN_TIMEOUT_S = 120.0


class Bench:
    """Runs the scenarios and records when each began and ended."""

    def __init__(self, instance: Instance, outputs: Path, clean_s: int, announce: Callable[[str], None]) -> None:
        self._instance, self._outputs, self._clean_s, self._announce = instance, outputs, clean_s, announce
        self._operator = Operator(instance, self._note)
        self.intervals: list[Interval] = []

    def prepare(self) -> None:
        """Build both releases' images on the server, and make the old one live. Raises LabError."""
        for ref in (NEW, OLD):
            self._announce(f"deploying {ref} once, so that its images exist for both methods")
            self._require_passed(self._run("20_deploy", {"ref": ref}, f"bench: {ref} before measuring"))

    def run(self, load: Load, chosen: tuple[Fault, ...] = FAULTS) -> Iterator[Interval]:
        """Every scenario in turn; at the end the runbook makes the old release live again."""
        yield self._with_runbook(f"deploy {NEW}", "20_deploy", {"ref": NEW})
        yield self._with_runbook(f"roll back to {OLD}", "22_rollback", {"to": OLD})
        for fault in chosen:
            yield self._automatic_rollback(fault)
            self._wait_until_clean(load)
        yield self._manual_deployment(f"deploy {NEW}")
        for number, fault in enumerate(chosen):
            if number:
                self._announce(f"deploying {NEW} manually again, not measured")
                self._operator.deploy(NEW)
            self._wait_until_clean(load)
            yield self._manual_rollback(fault)
            self._wait_until_clean(load)
        self._announce("restoring the server with the runbook")
        self._require_passed(self._run("20_deploy", {"ref": OLD}, "bench: restore the server"))

    def _with_runbook(self, task: str, notebook: str, parameters: dict[str, str]) -> Interval:
        interval = self._begin(task, RUNBOOK)
        finished = self._run(notebook, parameters, f"bench: {task}")
        return self._end(interval, f"exit code {finished.code}")

    def _automatic_rollback(self, fault: Fault) -> Interval:
        """A deployment whose release breaks when the watch begins; no operator intervenes."""
        interval = self._begin(fault.trigger, RUNBOOK)
        environment = self._instance.address.environment
        run = start_run(self._instance.name, environment, self._outputs, "20_deploy", {"ref": NEW},
                        f"bench: {fault.what}")
        run.until("step_started", "watch")
        interval.fault_at = time.time()
        fault.inject(self._instance, self._live_colour())
        finished = run.wait()
        fired = [event["trigger"] for event in finished.events if event["event"] == "trigger"]
        interval.notes.append(f"{fault.what}; trigger: {', '.join(fired) or 'none'}")
        return self._end(interval, "rolled back" if finished.code == ROLLED_BACK else f"exit code {finished.code}")

    def _manual_deployment(self, task: str) -> Interval:
        interval = self._begin(task, MANUAL)
        self._operator.deploy(NEW)
        return self._end(interval, "done")

    def _manual_rollback(self, fault: Fault) -> Interval:
        """The same fault; the operator's first keystroke comes at once, as if the operator had been watching."""
        interval = self._begin(fault.trigger, MANUAL)
        interval.fault_at = time.time()
        fault.inject(self._instance, self._operator.colour())
        interval.first_key_at = time.time()
        self._operator.roll_back(OLD)
        interval.notes.append(f"{fault.what}; detection took no time: the first keystroke came at once")
        return self._end(interval, "done")

    def _begin(self, task: str, method: str) -> Interval:
        self._announce(f"{method}: {task}")
        self.intervals.append(Interval(task, method, time.time()))
        return self.intervals[-1]

    def _end(self, interval: Interval, result: str) -> Interval:
        interval.end, interval.result = time.time(), result
        return interval

    def _note(self, text: str) -> None:
        self.intervals[-1].notes.append(text)

    def _wait_until_clean(self, load: Load) -> None:
        if not load.wait_until_clean(self._clean_s, CLEAN_TIMEOUT_S + self._clean_s):
            self._announce(f"there were no {self._clean_s} consecutive clean seconds")

    def _live_colour(self) -> str:
        """The colour that nginx sends requests to; `.env` follows a moment later."""
        return self._operator.shell("sed -n 's/.*server backend-\\(blue\\|green\\):.*/\\1/p' "
                                    ".runbook/upstreams/active.conf").strip()

    def _run(self, notebook: str, parameters: dict[str, str], reason: str) -> FinishedRun:
        return start_run(self._instance.name, self._instance.address.environment, self._outputs, notebook, parameters,
                         reason).wait()

    def _require_passed(self, finished: FinishedRun) -> None:
        if finished.code:
            raise LabError(f"A deployment of the benchmark ended with {finished.code}:\n{finished.output[-1500:]}",
                           next_step=f"python -m lab status --name {self._instance.name}")
