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
from lab.resilience.journal_audit import Before, lies
from lab.resilience.prober import Prober
from lab.resilience.runner import Ended, Running, planned_steps, start_run, wait_for
from lab.resilience.server_under_test import FORGET, RESTART_ENGINE, Data, Site
from lab.resilience.suite import Case, Proof

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
class Strike:
    """One way to stop a run. `answers_within_s`: how soon the service has to answer afterwards."""

    name: str
    hit: Callable[[Site, Running], None]
    answers_within_s: float
    killed: bool = False
    takes_the_service_away: bool = False


@dataclass(frozen=True)
class Procedure:
    """A runbook under fire: its parameters for the next run, and what makes a step come up in its plan."""

    notebook: str
    parameters: Callable[[Site], dict[str, str]]
    prepare: Callable[[Site, frozenset[str]], None] = lambda site, done: None
    finished: Callable[[Site, dict[str, str]], str] = lambda site, parameters: ""
    afterwards: Callable[[Site], None] = lambda site: None
    takes_the_service_away: bool = False


def _kill(site: Site, running: Running) -> None:
    running.kill()


def _cut(site: Site, running: Running) -> None:
    site.cable.cut()
    time.sleep(CUT_S)
    site.cable.mend()


def _restart_engine(site: Site, running: Running) -> None:
    site.sh(RESTART_ENGINE)


KILL = Strike("kill -9", _kill, answers_within_s=30, killed=True)
CUT = Strike("cut of the link", _cut, answers_within_s=30)
ENGINE = Strike("engine restart", _restart_engine, answers_within_s=120, takes_the_service_away=True)
STRIKES = (KILL, CUT, ENGINE)


def _other_release(site: Site) -> str:
    return RELEASES[1] if site.live_version() == RELEASES[0] else RELEASES[0]


def _make_work(site: Site, done: frozenset[str]) -> None:
    """What a deployment would find done already is undone, as long as its step was not struck yet."""
    if not {"build-backend", "build-frontend"} <= done:
        site.sh(FORGET)  # an image that is in use stays
    if "deliver-secrets" not in done:
        site.sh("sed -i '$ s/$/ /' /opt/gw2-wvwbuilder/.env.secrets")
    if not {"old-code", "migrate"} <= done and _other_release(site) == RELEASES[1]:
        site.sql(OLDER_SCHEMA)


def _serves(site: Site, parameters: dict[str, str]) -> str:
    wanted = parameters.get("ref") or parameters.get("to", "")
    served = site.serving().get("version")
    if served != wanted:
        return f"{served} serves, not {wanted}"
    running = site.running_colours()
    return "" if running == {site.live_colour()} else f"both colours run: {', '.join(sorted(running))}"


def _have_two(site: Site, done: frozenset[str]) -> None:
    """Two releases on record: there is one to go back to."""
    if not set(RELEASES) <= {line["version"] for line in site.releases()}:
        _run(site, "20_deploy", {"ref": _other_release(site)})


def _back_up(site: Site, done: frozenset[str]) -> None:
    """A backup of what is there now, which the release that serves can read: restored, it loses nothing."""
    if site.live_version() != RELEASES[1]:  # after a rollback that kept the schema
        _run(site, "20_deploy", {"ref": RELEASES[1]})
    _run(site, "30_backup_database", {})


def _run(site: Site, notebook: str, parameters: dict[str, str]) -> None:
    with start_run(site.instance.name, site.environment, site.outputs, notebook, parameters, REASON) as run:
        run.ended()


def _newest_backup(site: Site) -> dict[str, str]:
    return {"backup": max(site.backups()), "confirm_database": "staging_db"}


def _drop_kept(site: Site) -> None:
    """Databases that a restore has put aside."""
    site.sql("SELECT format('DROP DATABASE %I', datname) FROM pg_database WHERE datname LIKE 'staging_db_%' \\gexec")


DEPLOY = Procedure("20_deploy", lambda site: {"ref": _other_release(site)}, _make_work, _serves)
BACKUP = Procedure("30_backup_database", lambda site: {})
ROLLBACK = Procedure("22_rollback", lambda site: {"to": _other_release(site)}, _have_two, _serves)
RESTORE = Procedure("32_restore_database", _newest_backup, _back_up, afterwards=_drop_kept,
                    takes_the_service_away=True)


def strike_every_step(site: Site, procedure: Procedure, strike: Strike) -> Iterator[Case]:
    """A case for every step that the procedure's plans come up with."""
    done: set[str] = set()
    idle = 0
    while idle < 2:  # the way there and the way back have different steps
        procedure.prepare(site, frozenset(done))
        try:
            case, step = strike_once(site, procedure, strike, lambda steps: _first_beyond(done, steps))
        except LabError as error:  # one case; the others are still worth their time
            yield Case(f"{procedure.notebook}: {strike.name}, after {len(done)} steps", False, str(error), 0.0)
            return
        if step:
            done.add(step)
            yield case
        idle = 0 if step else idle + 1


def _first_beyond(done: set[str], steps: list[str]) -> str:
    return next((key for key in steps if key not in done), "")


def strike_once(site: Site, procedure: Procedure, strike: Strike,
                choose: Callable[[list[str]], str]) -> tuple[Case, str]:
    """One run that is struck at the step which `choose` picks from its plan, everything looked at, and the run again.

    Returns the case and the step; the step is empty when nothing was chosen, and then the run just ran.
    """
    began = time.monotonic()
    parameters = procedure.parameters(site)
    before = Before(site.live_colour(), len(site.releases()), frozenset(site.backups()), site.running_colours())
    data = site.data()
    with Prober(site.instance.ports().https) as user, _start(site, procedure, parameters) as running:
        step = choose(planned_steps(running.events())) if running.reaches("plan") else ""
        struck = bool(step) and running.reaches("step_started", step)
        name = f"{procedure.notebook}: {strike.name if struck else 'no strike'}{step and f' at {step}'}"
        if struck:
            strike.hit(site, running)
        struck_at = time.monotonic()
        ended = running.ended()
        faults, measured = _look(site, procedure, strike, data, struck_at, ended)
        faults += [] if struck or not step else ["the run ended before the step"]
        faults += lies(ended, site, before, step, killed=strike.killed)
        faults += _again(site, procedure, parameters, ended, measured)
    measured.append(str(user))
    if user.failures and not (strike.takes_the_service_away or procedure.takes_the_service_away):
        faults.append(str(user))
    faults += [f"after the second run: {one}" for one in data.lost_in(site.data(data))]
    procedure.afterwards(site)
    told = "; ".join([*(f"NOT SO: {fault}" for fault in faults), *measured])
    return Case(name, not faults, told, round(time.monotonic() - began, 1)), step


def _start(site: Site, procedure: Procedure, parameters: dict[str, str]) -> Running:
    return start_run(site.instance.name, site.environment, site.outputs, procedure.notebook, parameters, REASON)


def _look(site: Site, procedure: Procedure, strike: Strike, data: Data, struck_at: float,
          ended: Ended) -> tuple[list[str], list[str]]:
    """What does not hold after the strike, and what was measured."""
    faults: list[str] = []
    measured = [f"ended with {ended.code} after {time.monotonic() - struck_at:.0f} s"]
    answers_within_s = max(strike.answers_within_s, DOOR_S if procedure.takes_the_service_away else 0.0)
    for what, true, patience_s in (("the service answers", site.answers, answers_within_s),
                                   ("the lock is free", site.lock_is_free, LOCK_PATIENCE_S)):
        try:
            wait_for(true, what, max(1.0, patience_s - (time.monotonic() - struck_at)))
            measured.append(f"{what} {time.monotonic() - struck_at:.1f} s after the strike")
        except LabError as error:
            faults.append(str(error))
    try:
        lost = data.lost_in(site.data(data))
        faults += lost
        measured.append(f"{sum(count for _, count, _ in data.tables.values())} rows whole" if not lost else "rows lost")
    except LabError as error:
        faults.append(f"the data could not be read: {error}"[:300])
    if not strike.killed and "Traceback" in ended.said:
        faults.append("a traceback")
    return faults, measured


def _again(site: Site, procedure: Procedure, parameters: dict[str, str], first: Ended,
           measured: list[str]) -> list[str]:
    """Run it again: it must finish what is left, and leave nothing half done."""
    began = time.monotonic()
    with _start(site, procedure, parameters) as running:
        ended = running.ended()
    measured.append(f"again: exit {ended.code} in {time.monotonic() - began:.0f} s")
    faults = [] if ended.code == 0 else [f"running again ended with {ended.code}: {ended.said[-600:]}"]
    if first.folder is not None and not (first.folder / "manifest.json").exists():
        faults.append("the stopped run was not sealed by the next start")
    unfinished = procedure.finished(site, parameters)
    faults += [unfinished] if unfinished else []
    left = site.leftovers()
    return faults + ([f"left behind: {', '.join(left)}"] if left else [])


def _proof(name: str, procedure: Procedure) -> Proof:
    """Every strike at every step of one procedure."""

    def prove(instance: Instance) -> Iterator[Case]:
        given = os.environ.get("RUNBOOK_OUTPUTS")
        folder = Path(given).parent if given else Path(tempfile.mkdtemp(prefix="stops-"))
        site = Site(instance, folder / name)
        for strike in STRIKES:
            yield from strike_every_step(site, procedure, strike)

    return Proof(name, f"Killed, cut, restarted at every step of {procedure.notebook}", prove)


PROOFS = {name: _proof(name, procedure) for name, procedure in (
    ("interruptions-backup", BACKUP), ("interruptions-deploy", DEPLOY), ("interruptions-rollback", ROLLBACK),
    ("interruptions-restore", RESTORE))}
