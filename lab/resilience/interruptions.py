"""Killed, cut and restarted at every step: afterwards the lock is free, the service answers, data is whole, the
journal tells the truth, and running the runbook again finishes the job.

The steps are those of the plan in the run's own journal, so that a new step is struck as soon as there is one.
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
from lab.resilience.runner import ActiveRun, FinishedRun, planned_steps, start_run, wait_for
from lab.resilience.server_under_test import FORGET, RESTART_ENGINE, Data, ServerUnderTest
from lab.resilience.suite import Case, Suite

LOCK_PATIENCE_S = 120  # a job that outlives its run keeps others out until it has ended
CUT_S = 3.0
REASON = "resilience test: interruptions"
# a door that a stopped restore left closed is opened by its keeper: 25 s until the lock is free, then three looks
DOOR_S = 60.0
RELEASES = ("v3.1.0", "v3.2.0")
# back to the schema of the first release, as a database is that has not met the second
OLDER_SCHEMA = """DROP INDEX IF EXISTS ix_squads_region; ALTER TABLE squads DROP COLUMN IF EXISTS region;
UPDATE alembic_version SET version_num = '0002';"""


@dataclass(frozen=True)
class FaultInjection:
    """One way to stop a run. `recovers_within_s`: how soon the service has to answer afterwards."""

    name: str
    inject: Callable[[ServerUnderTest, ActiveRun], None]
    recovers_within_s: float
    killed: bool = False
    causes_outage: bool = False


@dataclass(frozen=True)
class RunbookUnderTest:
    """A runbook under fire: its parameters for the next run, and what makes a step come up in its plan."""

    notebook: str
    parameters: Callable[[ServerUnderTest], dict[str, str]]
    prepare: Callable[[ServerUnderTest, frozenset[str]], None] = lambda server, done: None
    finished: Callable[[ServerUnderTest, dict[str, str]], str] = lambda server, parameters: ""
    afterwards: Callable[[ServerUnderTest], None] = lambda server: None
    causes_outage: bool = False


def _kill(server: ServerUnderTest, running: ActiveRun) -> None:
    running.kill()


def _cut(server: ServerUnderTest, running: ActiveRun) -> None:
    server.proxy.cut()
    time.sleep(CUT_S)
    server.proxy.restore()


def _restart_engine(server: ServerUnderTest, running: ActiveRun) -> None:
    server.sh(RESTART_ENGINE)


KILL = FaultInjection("kill -9", _kill, recovers_within_s=30, killed=True)
CUT = FaultInjection("cut of the link", _cut, recovers_within_s=30)
ENGINE = FaultInjection("engine restart", _restart_engine, recovers_within_s=120, causes_outage=True)
FAULT_INJECTIONS = (KILL, CUT, ENGINE)


def _other_release(server: ServerUnderTest) -> str:
    return RELEASES[1] if server.live_version() == RELEASES[0] else RELEASES[0]


def _make_work(server: ServerUnderTest, done: frozenset[str]) -> None:
    """What a deployment would find done already is undone, as long as its step was not struck yet."""
    if not {"build-backend", "build-frontend"} <= done:
        server.sh(FORGET)  # an image that is in use stays
    if "deliver-secrets" not in done:
        server.sh("sed -i '$ s/$/ /' /opt/gw2-wvwbuilder/.env.secrets")
    if not {"compatibility-check", "migrate"} <= done and _other_release(server) == RELEASES[1]:
        server.sql(OLDER_SCHEMA)


def _serves(server: ServerUnderTest, parameters: dict[str, str]) -> str:
    wanted = parameters.get("ref") or parameters.get("to", "")
    served = server.serving().get("version")
    if served != wanted:
        return f"{served} serves, not {wanted}"
    running = server.running_colours()
    return "" if running == {server.live_colour()} else f"both colours run: {', '.join(sorted(running))}"


def _have_two(server: ServerUnderTest, done: frozenset[str]) -> None:
    """Two releases on record: there is one to go back to."""
    if not set(RELEASES) <= {line["version"] for line in server.releases()}:
        _run(server, "20_deploy", {"ref": _other_release(server)})


def _back_up(server: ServerUnderTest, done: frozenset[str]) -> None:
    """A backup of what is there now, which the release that serves can read: restored, it loses nothing."""
    if server.live_version() != RELEASES[1]:  # after a rollback that kept the schema
        _run(server, "20_deploy", {"ref": RELEASES[1]})
    _run(server, "30_backup_database", {})


def _run(server: ServerUnderTest, notebook: str, parameters: dict[str, str]) -> None:
    with start_run(server.instance.name, server.environment, server.outputs, notebook, parameters, REASON) as run:
        run.wait()


def _newest_backup(server: ServerUnderTest) -> dict[str, str]:
    return {"backup": max(server.backups()), "confirm_database": "staging_db"}


def _drop_kept(server: ServerUnderTest) -> None:
    """Databases that a restore has put aside."""
    server.sql("SELECT format('DROP DATABASE %I', datname) FROM pg_database WHERE datname LIKE 'staging_db_%' \\gexec")


DEPLOY = RunbookUnderTest("20_deploy", lambda server: {"ref": _other_release(server)}, _make_work, _serves)
BACKUP = RunbookUnderTest("30_backup_database", lambda server: {})
ROLLBACK = RunbookUnderTest("22_rollback", lambda server: {"to": _other_release(server)}, _have_two, _serves)
RESTORE = RunbookUnderTest("32_restore_database", _newest_backup, _back_up, afterwards=_drop_kept,
                    causes_outage=True)


def inject_at_every_step(server: ServerUnderTest, runbook: RunbookUnderTest, fault: FaultInjection) -> Iterator[Case]:
    """A case for every step that the procedure's plans come up with."""
    done: set[str] = set()
    idle = 0
    while idle < 2:  # the way there and the way back have different steps
        runbook.prepare(server, frozenset(done))
        try:
            case, step = inject_at_step(server, runbook, fault, lambda steps: _first_beyond(done, steps))
        except LabError as error:  # one case; the others are still worth their time
            yield Case(f"{runbook.notebook}: {fault.name}, after {len(done)} steps", False, str(error), 0.0)
            return
        if step:
            done.add(step)
            yield case
        idle = 0 if step else idle + 1


def _first_beyond(done: set[str], steps: list[str]) -> str:
    return next((key for key in steps if key not in done), "")


def inject_at_step(server: ServerUnderTest, runbook: RunbookUnderTest, fault: FaultInjection,
                choose: Callable[[list[str]], str]) -> tuple[Case, str]:
    """One run that is struck at the step which `choose` picks from its plan, everything looked at, and the run again.

    Returns the case and the step; the step is empty when nothing was chosen, and then the run just ran.
    """
    began = time.monotonic()
    parameters = runbook.parameters(server)
    before = Before(server.live_colour(), len(server.releases()), frozenset(server.backups()), server.running_colours())
    data = server.data()
    with Prober(server.instance.ports().https) as user, _start(server, runbook, parameters) as running:
        step = choose(planned_steps(running.events())) if running.reaches("plan") else ""
        struck = bool(step) and running.reaches("step_started", step)
        name = f"{runbook.notebook}: {fault.name if struck else 'no strike'}{step and f' at {step}'}"
        if struck:
            fault.inject(server, running)
        struck_at = time.monotonic()
        ended = running.wait()
        faults, measured = _look(server, runbook, fault, data, struck_at, ended)
        faults += [] if struck or not step else ["the run ended before the step"]
        faults += contradictions(ended, server, before, killed=fault.killed)
        faults += _again(server, runbook, parameters, ended, measured)
    measured.append(str(user))
    if user.failures and not (fault.causes_outage or runbook.causes_outage):
        faults.append(str(user))
    faults += [f"after the second run: {one}" for one in data.lost_in(server.data(data))]
    runbook.afterwards(server)
    told = "; ".join([*(f"NOT SO: {fault}" for fault in faults), *measured])
    return Case(name, not faults, told, round(time.monotonic() - began, 1)), step


def _start(server: ServerUnderTest, runbook: RunbookUnderTest, parameters: dict[str, str]) -> ActiveRun:
    return start_run(server.instance.name, server.environment, server.outputs, runbook.notebook, parameters, REASON)


def _look(server: ServerUnderTest, runbook: RunbookUnderTest, fault: FaultInjection, data: Data, struck_at: float,
          ended: FinishedRun) -> tuple[list[str], list[str]]:
    """What does not hold after the fault, and what was measured."""
    faults: list[str] = []
    measured = [f"ended with {ended.code} after {time.monotonic() - struck_at:.0f} s"]
    recovers_within_s = max(fault.recovers_within_s, DOOR_S if runbook.causes_outage else 0.0)
    for what, true, patience_s in (("the service answers", server.answers, recovers_within_s),
                                   ("the lock is free", server.lock_is_free, LOCK_PATIENCE_S)):
        try:
            wait_for(true, what, max(1.0, patience_s - (time.monotonic() - struck_at)))
            measured.append(f"{what} {time.monotonic() - struck_at:.1f} s after the fault")
        except LabError as error:
            faults.append(str(error))
    try:
        lost = data.lost_in(server.data(data))
        faults += lost
        measured.append(f"{sum(count for _, count, _ in data.tables.values())} rows whole" if not lost else "rows lost")
    except LabError as error:
        faults.append(f"the data could not be read: {error}"[:300])
    if not fault.killed and "Traceback" in ended.output:
        faults.append("a traceback")
    return faults, measured


def _again(server: ServerUnderTest, runbook: RunbookUnderTest, parameters: dict[str, str], first: FinishedRun,
           measured: list[str]) -> list[str]:
    """Run it again: it must finish what is left, and leave nothing half done."""
    began = time.monotonic()
    with _start(server, runbook, parameters) as running:
        ended = running.wait()
    measured.append(f"again: exit {ended.code} in {time.monotonic() - began:.0f} s")
    faults = [] if ended.code == 0 else [f"running again ended with {ended.code}: {ended.output[-600:]}"]
    if first.folder is not None and not (first.folder / "manifest.json").exists():
        faults.append("the stopped run was not sealed by the next start")
    unfinished = runbook.finished(server, parameters)
    faults += [unfinished] if unfinished else []
    left = server.leftovers()
    return faults + ([f"left behind: {', '.join(left)}"] if left else [])


def _proof(name: str, runbook: RunbookUnderTest) -> Suite:
    """Every strike at every step of one runbook."""

    def prove(instance: Instance) -> Iterator[Case]:
        given = os.environ.get("RUNBOOK_OUTPUTS")
        folder = Path(given).parent if given else Path(tempfile.mkdtemp(prefix="stops-"))
        server = ServerUnderTest(instance, folder / name)
        for fault in FAULT_INJECTIONS:
            yield from inject_at_every_step(server, runbook, fault)

    return Suite(name, f"Killed, cut, restarted at every step of {runbook.notebook}", prove)


SUITES = {name: _proof(name, runbook) for name, runbook in (
    ("interruptions-backup", BACKUP), ("interruptions-deploy", DEPLOY), ("interruptions-rollback", ROLLBACK),
    ("interruptions-restore", RESTORE))}
