"""Runbooks killed, disconnected and restarted at every step.

Afterwards the lock is free, the service is available, the data is complete, the journal agrees with the server, and
running the runbook again finishes the job. The steps come from the plan in the run's own journal, so that a new step
is covered as soon as a plan has it.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.instance import Instance
from lab.resilience.journal_audit import Before, contradictions
from lab.resilience.prober import Prober
from lab.resilience.runbooks_under_test import BACKUP, DEPLOY, RESTORE, ROLLBACK, RunbookUnderTest
from lab.resilience.runner import ActiveRun, FinishedRun, planned_steps, wait_for
from lab.resilience.server_under_test import RESTART_ENGINE, Data, ServerUnderTest
from lab.resilience.suite import Case, Suite

__all__ = ["BACKUP", "CUT", "DEPLOY", "ENGINE", "KILL", "RESTORE", "ROLLBACK", "SUITES", "FaultInjection",
           "RunbookUnderTest", "inject_at_every_step", "inject_at_step"]

LOCK_TIMEOUT_S = 120  # a job that outlives its run holds the lock until it has ended
CUT_S = 3.0
# the watchdog ends maintenance mode that an interrupted restore left on: 25 s until the lock is free, three probes
MAINTENANCE_S = 60.0


@dataclass(frozen=True)
class FaultInjection:
    """One way to interrupt a run. `recovers_within_s`: how soon the service must be available afterwards."""

    name: str
    inject: Callable[[ServerUnderTest, ActiveRun], None]
    recovers_within_s: float
    killed: bool = False
    causes_outage: bool = False


def _kill(server: ServerUnderTest, run: ActiveRun) -> None:
    run.kill()


def _cut(server: ServerUnderTest, run: ActiveRun) -> None:
    server.proxy.cut()
    time.sleep(CUT_S)
    server.proxy.restore()


def _restart_engine(server: ServerUnderTest, run: ActiveRun) -> None:
    server.shell(RESTART_ENGINE)


KILL = FaultInjection("kill -9", _kill, recovers_within_s=30, killed=True)
CUT = FaultInjection("connection cut", _cut, recovers_within_s=30)
ENGINE = FaultInjection("engine restart", _restart_engine, recovers_within_s=120, causes_outage=True)
FAULT_INJECTIONS = (KILL, CUT, ENGINE)


def inject_at_every_step(server: ServerUnderTest, runbook: RunbookUnderTest, fault: FaultInjection) -> Iterator[Case]:
    """A case for every step that the runbook's plans contain."""
    done: set[str] = set()
    idle = 0
    while idle < 2:  # deploying the next release and returning to the first have different steps
        runbook.prepare(server, frozenset(done))
        try:
            case, step = inject_at_step(server, runbook, fault, lambda steps: _first_missing(done, steps))
        except LabError as error:  # one failed case; the remaining suites are still worth their time
            yield Case(f"{runbook.notebook}: {fault.name}, after {len(done)} steps", False, str(error), 0.0)
            return
        if step:
            done.add(step)
            yield case
        idle = 0 if step else idle + 1


def inject_at_step(server: ServerUnderTest, runbook: RunbookUnderTest, fault: FaultInjection,
                   choose: Callable[[list[str]], str]) -> tuple[Case, str]:
    """Interrupt one run at the step that `choose` picks from its plan, examine the server, and run it again.

    Returns the case and the step; the step is empty when none was chosen, and then the run was not interrupted.
    """
    began = time.monotonic()
    parameters = runbook.parameters(server)
    before = Before(server.live_colour(), len(server.releases()), frozenset(server.backups()), server.running_colours())
    data = server.data()
    with Prober(server.instance.ports().https) as prober, runbook.start(server, parameters) as run:
        step = choose(planned_steps(run.events())) if run.reaches("plan") else ""
        injected = bool(step) and run.reaches("step_started", step)
        if injected:
            fault.inject(server, run)
        injected_at = time.monotonic()
        finished = run.wait()
        problems, measured = _examine(server, runbook, fault, data, injected_at, finished)
        problems += [] if injected or not step else ["the run ended before the step"]
        problems += contradictions(finished, server, before, killed=fault.killed)
        problems += _run_again(server, runbook, parameters, finished, measured)
    measured.append(str(prober))
    if prober.failures and not (fault.causes_outage or runbook.causes_outage):
        problems.append(str(prober))
    problems += [f"after the second run: {one}" for one in data.lost_in(server.data(data))]
    runbook.clean_up(server)
    name = f"{runbook.notebook}: {fault.name if injected else 'not interrupted'}{step and f' at {step}'}"
    shown = "; ".join([*(f"FAILED: {problem}" for problem in problems), *measured])
    return Case(name, not problems, shown, round(time.monotonic() - began, 1)), step


def _first_missing(done: set[str], steps: list[str]) -> str:
    return next((key for key in steps if key not in done), "")


def _examine(server: ServerUnderTest, runbook: RunbookUnderTest, fault: FaultInjection, data: Data, injected_at: float,
             run: FinishedRun) -> tuple[list[str], list[str]]:
    """Problems after the fault, and what was measured."""
    problems: list[str] = []
    measured = [f"exit code {run.code} after {time.monotonic() - injected_at:.0f} s"]
    recovers_within_s = max(fault.recovers_within_s, MAINTENANCE_S if runbook.causes_outage else 0.0)
    for what, condition, timeout_s in (("the service is available", server.is_available, recovers_within_s),
                                       ("the lock is free", server.lock_is_free, LOCK_TIMEOUT_S)):
        try:
            wait_for(condition, what, max(1.0, timeout_s - (time.monotonic() - injected_at)))
            measured.append(f"{what} {time.monotonic() - injected_at:.1f} s after the fault")
        except LabError as error:
            problems.append(str(error))
    try:
        lost = data.lost_in(server.data(data))
        problems += lost
        rows = sum(count for _, count, _ in data.tables.values())
        measured.append("rows lost" if lost else f"all {rows} rows present")
    except LabError as error:
        problems.append(f"the data could not be read: {error}"[:300])
    if not fault.killed and "Traceback" in run.output:
        problems.append("a traceback was printed")
    return problems, measured


def _run_again(server: ServerUnderTest, runbook: RunbookUnderTest, parameters: dict[str, str], first: FinishedRun,
               measured: list[str]) -> list[str]:
    """Problems of a second run: it must finish the job and leave nothing incomplete."""
    began = time.monotonic()
    with runbook.start(server, parameters) as run:
        finished = run.wait()
    measured.append(f"second run: exit code {finished.code} in {time.monotonic() - began:.0f} s")
    problems = [] if finished.code == 0 else [f"the second run ended with {finished.code}: {finished.tail}"]
    if first.folder is not None and not (first.folder / "manifest.json").exists():
        problems.append("the interrupted run was not sealed by the next start")
    unfinished = runbook.unfinished(server, parameters)
    problems += [unfinished] if unfinished else []
    left = server.leftovers()
    return problems + ([f"left behind: {', '.join(left)}"] if left else [])


def _suite(name: str, runbook: RunbookUnderTest) -> Suite:
    """Every fault at every step of one runbook."""

    def run_cases(instance: Instance) -> Iterator[Case]:
        given = os.environ.get("RUNBOOK_OUTPUTS")
        folder = Path(given).parent if given else Path(tempfile.mkdtemp(prefix="interruptions-"))
        server = ServerUnderTest(instance, folder / name)
        for fault in FAULT_INJECTIONS:
            yield from inject_at_every_step(server, runbook, fault)

    return Suite(name, f"{runbook.notebook} killed, disconnected and restarted at every step", run_cases)


SUITES = {name: _suite(name, runbook) for name, runbook in (
    ("interruptions-backup", BACKUP), ("interruptions-deploy", DEPLOY), ("interruptions-rollback", ROLLBACK),
    ("interruptions-restore", RESTORE))}
