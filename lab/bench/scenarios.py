"""The bench's scenes, one after the other on one instance under one load that never stops."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lab.bench.faults import FAULTS, Fault
from lab.bench.manual import Operator
from lab.bench.measures import MANUAL, OURS, Interval
from lab.errors import LabError
from lab.instance import Instance
from lab.resilience.runner import FinishedRun, start_run
from lab.traffic import Load

OLD, NEW = "v3.1.0", "v3.2.0"
ROLLED_BACK = 5
SETTLE_S = 8.0
CLEAN_PATIENCE_S = 120.0


class Bench:
    """Plays the scenes and writes down when each began and ended."""

    def __init__(self, instance: Instance, outputs: Path, clean_s: int, say: Callable[[str], None]) -> None:
        self._instance, self._outputs, self._clean_s, self._say = instance, outputs, clean_s, say
        self._operator = Operator(instance, self._note)
        self.intervals: list[Interval] = []

    def prepare(self) -> None:
        """Both releases' images on the server, and the old one serving. Raises LabError."""
        for ref in (NEW, OLD):
            self._say(f"{ref} is deployed once, so that its images are there for both ways")
            self._passed(self._run("20_deploy", {"ref": ref}, f"bench: {ref} before the measuring"))

    def play(self, load: Load, chosen: tuple[Fault, ...] = FAULTS) -> Iterator[Interval]:
        """Every scenario in turn; the instance ends on the old release, deployed by the runbook."""
        yield self._deploy(f"deploy {NEW}", "20_deploy", {"ref": NEW})
        yield self._deploy(f"roll back to {OLD}", "22_rollback", {"to": OLD})
        for fault in chosen:
            yield self._caught(fault)
            self._clean(load)
        yield self._by_hand(f"deploy {NEW}", lambda: self._operator.deploy(NEW))
        for number, fault in enumerate(chosen):
            if number:
                self._say(f"{NEW} is deployed again by hand, not measured")
                self._operator.deploy(NEW)
            self._clean(load)
            yield self._mended_by_hand(fault)
            self._clean(load)
        self._say("the runbook puts the server in order again")
        self._passed(self._run("20_deploy", {"ref": OLD}, "bench: back in order"))

    def _deploy(self, task: str, notebook: str, parameters: dict[str, str]) -> Interval:
        interval = self._begin(task, OURS)
        ended = self._run(notebook, parameters, f"bench: {task}")
        return self._end(interval, f"exit code {ended.code}")

    def _caught(self, fault: Fault) -> Interval:
        """A deployment whose release breaks when the watch begins; nobody touches a key."""
        interval = self._begin(fault.trigger, OURS)
        environment = self._instance.address.environment
        running = start_run(self._instance.name, environment, self._outputs, "20_deploy", {"ref": NEW},
                            f"bench: {fault.what}")
        running.until("step_started", "watch")
        interval.fault_at = time.time()
        fault.inject(self._instance, self._serving())
        ended = running.wait()
        fired = [event["trigger"] for event in ended.events if event["event"] == "trigger"]
        interval.notes.append(f"{fault.what}; the trigger was: {', '.join(fired) or 'none'}")
        return self._end(interval, "rolled back" if ended.code == ROLLED_BACK else f"exit code {ended.code}")

    def _by_hand(self, task: str, work: Callable[[], None]) -> Interval:
        interval = self._begin(task, MANUAL)
        work()
        return self._end(interval, "done")

    def _mended_by_hand(self, fault: Fault) -> Interval:
        """The same fault; the operator's first key comes at once, as if somebody had been looking."""
        interval = self._begin(fault.trigger, MANUAL)
        interval.fault_at = time.time()
        fault.inject(self._instance, self._operator.colour())
        interval.first_key_at = time.time()
        self._operator.roll_back(OLD)
        interval.notes.append(f"{fault.what}; nobody had to notice it first: the first key came at once")
        return self._end(interval, "done")

    def _begin(self, task: str, way: str) -> Interval:
        self._say(f"{way}: {task}")
        self.intervals.append(Interval(task, way, time.time()))
        return self.intervals[-1]

    def _end(self, interval: Interval, result: str) -> Interval:
        interval.end, interval.result = time.time(), result
        return interval

    def _note(self, words: str) -> None:
        self.intervals[-1].notes.append(words)

    def _clean(self, load: Load) -> None:
        if not load.wait_until_clean(self._clean_s, CLEAN_PATIENCE_S + self._clean_s):
            self._say(f"no {self._clean_s} clean seconds came")

    def _serving(self) -> str:
        """The colour that nginx sends requests to: `.env` follows a moment later."""
        return self._operator.shell("sed -n 's/.*server backend-\\(blue\\|green\\):.*/\\1/p' "
                                    ".runbook/upstreams/active.conf").strip()

    def _run(self, notebook: str, parameters: dict[str, str], reason: str) -> FinishedRun:
        return start_run(self._instance.name, self._instance.address.environment, self._outputs, notebook, parameters,
                         reason).wait()

    def _passed(self, ended: FinishedRun) -> None:
        if ended.code:
            raise LabError(f"A deployment of the bench ended with {ended.code}:\n{ended.output[-1500:]}",
                           next_step=f"python -m lab status --name {self._instance.name}")
