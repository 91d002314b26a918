"""A load test of one run: what is to be sent within the environment's bounds, how far it is, and what it found."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from runbook_lib.capacity.facts.container_use import UsePoint, UseSample, sample_use, use_over_time
from runbook_lib.capacity.facts.load_result import LoadResult, load_result_of
from runbook_lib.contract.bounds import LONGEST_STAGE_S, MOST_STAGES, SHORTEST_STAGE_S
from runbook_lib.core.errors import BadParameter, RunbookError, RunFailed
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import unit_for
from runbook_lib.environment import Environment
from runbook_lib.environment.load_test import FlowStep
from runbook_lib.environment.load_test import LoadTest as Bounds

OPEN, CLOSED = "open", "closed"
FORMAT = 1
LONGEST_S = 3_600.0  # all stages together: an environment is locked meanwhile


@dataclass(frozen=True)
class LoadProgress:
    """How far a load is: the generator's last line, whether it has ended, and why it ended too early."""

    line: Mapping[str, Any]
    ended: bool
    lost: str = ""

    def __str__(self) -> str:
        if not self.line:
            return "the generator starts"
        p95_s = self.line.get("p95_s")
        return (f"{self.line['at_s']:.0f} s, stage {self.line['stage']} at {self.line['load']:g}: "
                f"{self.line['requests']} requests, {self.line['errors']} errors, p95 "
                + ("not known" if p95_s is None else f"{p95_s * 1000:.0f} ms"))


@dataclass
class LoadTestRun:
    """The load test of one run. Its `bounds` are None where the environment does not name itself as a target.

    `left_count`: accounts that its end could not remove; None where that is not known.
    """

    environment: Environment
    model: str
    loads: tuple[float, ...]
    stage_s: float
    samples: list[UseSample] = field(default_factory=list)
    result: LoadResult | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    left_count: int | None = 0
    _started: bool = False

    @property
    def bounds(self) -> Bounds | None:
        """The environment's own bounds of a load test."""
        return self.environment.load_target

    @property
    def flow_mark(self) -> str:
        """12 hex digits over the flow: two tests with the same load and another flow cannot be compared."""
        steps = [_written(step) for step in self.bounds.flow] if self.bounds else []
        return hashlib.sha256("\n".join(steps).encode()).hexdigest()[:12]

    @property
    def unit(self) -> str:
        """What the load counts."""
        return "users/s" if self.model == OPEN else "users"

    def amount(self, load: float) -> str:
        """A load with its unit: `1 user/s`, `2.5 users/s`, `20 users`."""
        return f"{load:g} {unit_for(f'{load:g}', self.unit)}"

    @property
    def table(self) -> dict[str, str]:
        """What is to be sent, for a table."""
        if self.bounds is None:
            return {"load test": "this environment does not name itself as a target"}
        rates = " → ".join(f"{load:g}" for load in self.loads)
        model = ("open: users arrive at this rate, whether or not earlier ones have been answered; times count from "
                 "when a request was due") if self.model == OPEN else (
                 "closed: so many users repeat the flow, each waits for its replies")
        return {
            "model": model, "load": f"{rates} {self.unit}, {self.stage_s:g} s each",
            "a user": f"{self.bounds.requests_per_flow} requests: {', '.join(one.name for one in self.bounds.flow)}",
            "to": f"{self.environment.public.url}, {self._through}",
            "ends before": f"at the knee, or when {self.bounds.error_budget_percent:g} % of the requests of 10 s fail",
            "leaves": self.bounds.leaves,
        }

    @property
    def _through(self) -> str:
        """What stands between the generator and the application, as the environment file names it."""
        proxy = self.environment.proxy
        if proxy is None:
            return "the application itself: the environment file names no proxy"
        return f"through the proxy{f' ({proxy.kind})' if proxy.kind else ''}"

    @property
    def stage_rows(self) -> tuple[dict[str, str], ...]:
        """One row a stage; none before a load was sent."""
        return self.result.stage_rows(self.unit) if self.result else ({"stages": "no load was sent"},)

    @property
    def step_rows(self) -> tuple[dict[str, str], ...]:
        """One row a request of the flow, at the load that is judged."""
        return self.result.step_rows() if self.result else ({"requests": "no load was sent"},)

    @property
    def job(self) -> dict[str, Any]:
        """What the generator is to do."""
        assert self.bounds is not None, "a plan without a target has no step"
        success = self.environment.success
        flow = [step.model_dump(mode="json") | {"placeholders": list(step.placeholders)} for step in self.bounds.flow]
        return {"model": self.model, "loads": list(self.loads), "stage_s": self.stage_s, "flow": flow,
                "timeout_s": self.bounds.timeout_s, "error_budget_percent": self.bounds.error_budget_percent,
                "minimum_requests": self.bounds.minimum_requests, "p95_ms": success.p95_ms,
                "error_rate_percent": success.error_rate_percent}

    @property
    def use(self) -> dict[str, tuple[UsePoint, ...]]:
        """CPU and memory of each container over the load, in percent of its limits."""
        return use_over_time(self.samples, self.environment)

    def send(self) -> Question[LoadProgress]:
        """The load: begun when it is asked for the first time, and how far it is from then on."""

        def fetch(connections: Connections) -> LoadProgress:
            if not self._started:
                self._started = True
                connections.load.start(self.job)
            try:
                self._take(connections.load.result())
            except RunFailed as error:
                return LoadProgress(connections.load.progress(), True, error.what)
            return LoadProgress(connections.load.progress(), self.result is not None)

        return Question("load", fetch, writes="users' flows, which remove what they made")

    def stop(self) -> Question[LoadProgress]:
        """End the load now; what its flows made is removed before this returns."""

        def fetch(connections: Connections) -> LoadProgress:
            ended = connections.load.end()
            self._take(ended)
            self.left_count = 0 if ended is None else ended.get("left_count")
            return LoadProgress(connections.load.progress(), True)

        return Question("end of the load", fetch)

    def watch_use(self) -> Question[int]:
        """One more sample of the containers; how many there are. What does not answer is missing in the report."""
        question = sample_use(self.environment)

        def fetch(connections: Connections) -> int:
            with suppress(RunbookError):
                self.samples += question.fetch(connections)
            return len(self.samples)

        return Question(question.name, fetch)

    def evidence(self) -> str:
        """The test as a file that a later one is compared with: bounded, without a token or a password."""
        use = {name: [[round(one.at_s, 1), round(one.cpu_percent, 1), round(one.memory_percent, 1)] for one in points]
               for name, points in self.use.items()}
        return json.dumps({"format": FORMAT, "environment": self.environment.name, "model": self.model,
                           "loads": self.loads, "stage_s": self.stage_s, "flow": self.flow_mark,
                           "result": dict(self.raw) or None, "containers": use}) + "\n"

    def _take(self, raw: Mapping[str, Any] | None) -> None:
        if raw is not None and self.result is None and "stages" in raw:
            self.result, self.raw = load_result_of(raw), raw


def _written(step: FlowStep) -> str:
    """A step as text that is the same in every version: a form is a part of it only where there is one."""
    held = step.model_dump(mode="json")
    order = ("name", "method", "path", "status", "json_body", "headers", "keep", "times", "always")
    shown = {key: held[key] for key in order} | ({"form": held["form"]} if held["form"] is not None else {})
    return json.dumps(shown, separators=(",", ":"), ensure_ascii=False)


def load_test(environment: Environment, model: str = OPEN, load: float | None = None, limit: float | None = None,
              stages: int | None = None, stage_s: float | None = None) -> LoadTestRun:
    """The load test of this run; None for a figure means as the environment file has it. Raises BadParameter."""
    bounds = environment.load_target
    if model not in (OPEN, CLOSED):
        raise _bad("model", f"{OPEN!r} or {CLOSED!r}", model)
    if bounds is None:
        return LoadTestRun(environment, model, (), 0.0)
    usual, most = ((bounds.rate_per_s, bounds.limit_per_s) if model == OPEN else (bounds.users, bounds.limit_users))
    first = usual if load is None else load
    last = most if limit is None else limit
    count, seconds = bounds.stages if stages is None else stages, bounds.stage_s if stage_s is None else stage_s
    if not 0 < first <= most or (model == CLOSED and first != int(first)):  # NaN too: no comparison holds for it
        raise _bad("load", f"at most {most:g}, as load_test allows" + (", and whole users" if model == CLOSED else ""),
                   first)
    if limit is not None and not first <= limit <= most:
        raise _bad("limit", f"between {first:g} and {most:g}, as load_test allows", limit)
    if not 1 <= count <= MOST_STAGES:
        raise _bad("stages", f"between 1 and {MOST_STAGES}", count)
    if not SHORTEST_STAGE_S <= seconds <= LONGEST_STAGE_S or count * seconds > LONGEST_S:
        raise _bad("stage_s", f"between {SHORTEST_STAGE_S} and {LONGEST_STAGE_S}, and all stages at most "
                   f"{LONGEST_S:g} s", seconds)
    return LoadTestRun(environment, model, _ramp(first, last, count, whole=model == CLOSED), seconds)


def _ramp(first: float, last: float, stages: int, *, whole: bool) -> tuple[float, ...]:
    """Even steps from the load that is judged to the limit; none twice."""
    steps: Sequence[float] = [first + (last - first) * place / max(1, stages - 1) for place in range(stages)]
    rounded = [float(math.floor(one)) if whole else float(f"{one:.4g}") for one in steps]
    return tuple(dict.fromkeys(rounded))


def _bad(name: str, expected: str, got: object) -> BadParameter:
    return BadParameter(f"{name}: should be {expected}; got {got!r}", where=f"the parameter {name}",
                        next_step="Leave it out: the environment file has the usual figure. It sets the limit, too.")
