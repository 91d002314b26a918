"""The load generator, a process of its own: `python -m runbook_lib.connections.load.generator`.

Reads one job as a line of JSON from standard input and writes what happens as lines of JSON: one a second, and the
result. When its input ends, a signal ends it or its parent is gone, it stops sending at once, removes what its
visits have left, and exits. Nothing is written to files, and no name of a secret or token to its output.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.pool import Pool

from runbook_lib.connections.load.knee import over_budget, past_the_knee
from runbook_lib.connections.load.locust_user import Job, dial, locust_environment, run_visit, sender
from runbook_lib.connections.load.record import Record, Stage
from runbook_lib.connections.load.visit import Visit

IN_PROGRESS = 512  # visits at once: more would be a test of this process
WAITING = 5_000  # arrivals that wait for their turn: their time runs
TICK_S = 0.5
TIDY_S = 90.0  # all removals together
SHOWN = 20  # names of accounts that are left


class Generator:
    """One job from its first request to the removal of what it made."""

    def __init__(self, job: Job) -> None:
        self._job, self._record = job, Record()
        self._began, self._began_at = time.monotonic(), time.time()
        self._stop, self._ended = Event(), ""
        self._environment = locust_environment(job, self._record, self._now)
        self._open: dict[int, Visit] = {}
        self._number = int(job.get("first", 0))
        self._slots, self._waiting = BoundedSemaphore(IN_PROGRESS), Pool(WAITING)
        self._stage = Stage(0.0, 0.0)

    def stop(self, reason: str) -> None:
        """Send nothing more. The first reason counts."""
        self._ended = self._ended or reason
        self._stop.set()

    def run(self) -> None:
        """The stages, one after the other, until the limit, the knee, the budget's end or a stop."""
        watching = gevent.spawn(self._watch)
        try:
            for load in self._job["loads"]:
                self._stage = Stage(load, self._now())
                self._record.stages.append(self._stage)
                (self._open_model if self._job["model"] == "open" else self._closed_model)(self._stage)
                self._stage.seconds = self._now() - self._stage.begins_s
                if not self._stop.is_set():
                    self._stop_past_the_knee()
                if self._stop.is_set():
                    break
            self._drain()
        finally:
            watching.kill()
            self._report()
            left = self.tidy(list(self._open.values()))
            self._result(left)

    def tidy(self, visits: list[Visit]) -> list[str]:
        """Remove what these visits have left; the names of those that could not be removed in time."""
        user = self._environment.user_classes[0]
        pool, job = Pool(8), self._job

        def remove(visit: Visit) -> None:
            visit.tidy(job["flow"], sender(user(self._environment), None, job["timeout_s"]))

        with gevent.Timeout(TIDY_S, False):
            for visit in visits:
                pool.spawn(remove, visit)
            pool.join()
        pool.kill()
        return [visit.name for visit in visits if visit.begun and not visit.clean and self._removes]

    @property
    def _removes(self) -> bool:
        return any(step["always"] for step in self._job["flow"])

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _must_end(self) -> bool:
        return self._ended in ("stopped", "error budget")

    def _open_model(self, stage: Stage) -> None:
        """A user arrives when it is due, whether or not earlier ones have been answered."""
        begin, number = time.monotonic(), 0
        while (due_s := number / stage.load) < self._job["stage_s"]:
            if self._stop.wait(max(0.0, begin + due_s - time.monotonic())):
                return
            number += 1
            stage.visits += 1
            if self._waiting.free_count() > 0:
                self._waiting.spawn(self._arrive, self._next_visit(), stage, begin + due_s)
            else:
                self._not_sent(stage, 0.0)
        self._stop.wait(max(0.0, begin + self._job["stage_s"] - time.monotonic()))  # the last interval is part of it

    def _arrive(self, visit: Visit, stage: Stage, due: float) -> None:
        sent = False
        try:
            with self._slots:
                sent = True
                stage.late.add(time.monotonic() - due)
                user = self._environment.user_classes[0](self._environment)
                run_visit(user, visit, stage, self._job, due, self._must_end)
        finally:
            if not sent:  # the load ended while it was waiting
                self._not_sent(stage, time.monotonic() - due)
            self._forget(visit)

    def _not_sent(self, stage: Stage, seconds: float) -> None:
        self._record.add(self._now(), stage, self._job["flow"][0]["name"], seconds, None, 200,
                         "no connection was free", sent=False)

    def _closed_model(self, stage: Stage) -> None:
        """So many users repeat the flow; each waits for its replies."""

        def begin(user: Any) -> None:
            visit = self._next_visit()
            self._stage.visits += 1
            try:
                run_visit(user, visit, self._stage, self._job, None, self._must_end)
            finally:
                self._forget(visit)

        self._environment.begin_visit = begin
        runner = self._environment.runner or self._environment.create_local_runner()
        runner.start(int(stage.load), spawn_rate=100)
        self._stop.wait(self._job["stage_s"])

    def _next_visit(self) -> Visit:
        self._number += 1
        visit = self._open[self._number] = Visit(self._number, self._job["seed"])
        return visit

    def _forget(self, visit: Visit) -> None:
        if visit.clean or not visit.begun or not self._removes:
            self._open.pop(visit.number, None)

    def _drain(self) -> None:
        """Visits in progress come to their end; after a stop only their request in progress does, and removals.

        A request whose connection is cut may be carried out all the same, after what it makes was looked for.
        """
        self._environment.begin_visit = None
        grace_s = self._job["timeout_s"]
        self._waiting.join(timeout=grace_s)
        self._waiting.kill()
        if self._environment.runner is not None:
            self._environment.runner.environment.stop_timeout = grace_s
            self._environment.runner.quit()

    def _watch(self) -> None:
        """Twice a second: the budget, the backlog and the parent; once a second a line."""
        parent, tick = os.getppid(), 0
        while True:
            gevent.sleep(TICK_S)
            tick += 1
            self._stage.backlog.append(len(self._open))
            if os.getppid() != parent:
                self.stop("stopped")
            if over_budget(self._record.recent(self._now(), self._job["minimum_requests"]), self._job):
                self.stop("error budget")
            if tick % 2 == 0:
                self._report()

    def _report(self) -> None:
        recent = self._record.recent(self._now())
        write({"at_s": round(self._now(), 1), "stage": len(self._record.stages), "load": self._stage.load,
               "requests": self._stage.counts.requests, "errors": self._stage.counts.errors,
               "p95_s": recent.times.percentile(95), "number": self._number,
               # whoever has to remove what a killed generator left needs to know which visits those are
               "open": sorted(self._open)[:2 * IN_PROGRESS]})

    def _stop_past_the_knee(self) -> None:
        reason = past_the_knee(self._record.stages, self._job)
        if reason:
            self.stop(f"knee: {reason}")

    def _result(self, left: list[str]) -> None:
        last = max(self._record.seconds, default=-1)
        write({"result": {
            "ended": self._ended or "limit", "began_at": self._began_at, "monotonic_s": self._began,
            "duration_s": round(self._now(), 3),
            "stages": [stage.to_json() for stage in self._record.stages],
            "seconds": self._record.rows(range(last + 1)), "visits": self._number,
            "left": left[:SHOWN], "left_count": len(left)}})


def write(document: dict[str, Any]) -> None:
    """One line to whoever started this process; none where it is gone."""
    with suppress(OSError):
        os.write(1, json.dumps(document).encode() + b"\n")


def main() -> None:
    """Do the job that comes on standard input."""
    buffer = b""
    while b"\n" not in buffer:
        piece = os.read(0, 1 << 16)
        if not piece:
            return
        buffer += piece
    job: Job = json.loads(buffer)
    dial(job["url"], job["connect_to"])
    generator = Generator(job)
    if "remove" in job:
        # killed in the middle of a request: what it makes may still appear
        visits = [Visit(number, job["seed"], begun=True, unanswered=True) for number in job["remove"]]
        left = generator.tidy(visits)
        write({"result": {"left": left[:SHOWN], "left_count": len(left)}})
        return
    gevent.signal_handler(signal.SIGTERM, generator.stop, "stopped")

    def listen() -> None:
        gevent.os.tp_read(0, 1)  # a byte, or the end of the input: both mean stop
        generator.stop("stopped")

    gevent.spawn(listen)
    generator.run()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # a thread of the pool may still wait for standard input
