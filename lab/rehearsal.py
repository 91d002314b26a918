"""`make rehearsal`: the whole release path on the lab, with the real runner, and how long each stage took.

An empty server gets the first release and data, is backed up, checked, moved to the next release and verified. Then a
broken release is deployed, which must be rolled back automatically, and the backups are restored in a drill. At the
end stands what is to be seen of it: health, metrics, logs. Every run leaves its report; the first run that does not end
as expected ends the rehearsal.

The server with the first release is kept as a snapshot, from which the next rehearsal of the same sources begins.

`--application NAME` rehearses what applies to another application of the lab, which runs before any runbook.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab import snapshots, states
from lab.applications import registry
from lab.applications.bring_up import up_with_application
from lab.engine import ensure_engine
from lab.errors import LabError
from lab.instance import Instance, reset, up
from lab.processes import log_file, root, run, state
from lab.release_path import ADOPTED_PATH, ANSWERS, BRING_UP, DATABASE, FIRST, RELEASE_PATH, Scenario, run_command
from lab.seed import seed
from runbook_lib.core.errors import PASSED, ROLLED_BACK
from runbook_lib.environment import load_environment

ROWS = 60_000
FOR_INFORMATION = "for information"  # what may give any answer
WATCH_S = 10  # long enough for a broken release to be noticed under the watch's own requests


@dataclass(frozen=True)
class ScenarioResult:
    """The result of a scenario, as recorded in the archive."""

    scenario: Scenario
    verdict: str
    seconds: float
    run_id: str
    as_expected: bool


class Times:
    """Seconds by stage: those that the set-up recorded, then the rehearsal's own."""

    def __init__(self, written: Path) -> None:
        self.rows: list[tuple[str, float]] = []
        if written.exists():
            for line in written.read_text().splitlines():
                _, title, seconds = line.split("\t")
                self.rows.append((title, float(seconds)))

    def stage(self, title: str, work: Callable[[], None]) -> None:
        """Do the work, and record how long it took, also when it fails."""
        began = time.monotonic()
        try:
            work()
        finally:
            self.rows.append((title, time.monotonic() - began))


def main(words: list[str] | None = None) -> int:
    """0 when every run ended as expected; otherwise the exit code of the run, or of the lab, that did not."""
    parser = argparse.ArgumentParser(prog="python -m lab.rehearsal",
                                     description="Rehearse the whole release path on a lab server.")
    parser.add_argument("--name", default="", help="lab instance (default: lab, or the application's environment)")
    parser.add_argument("--application", default="", metavar="NAME",
                        help="what applies to this application of the lab, running as its owners started it")
    parser.add_argument("--from-nothing", action="store_true", help="ignore snapshots: deploy the first release")
    parser.add_argument("--watch", type=int, default=WATCH_S, metavar="SECONDS",
                        help=f"seconds that each release is watched (default: {WATCH_S})")
    arguments = parser.parse_args(words)
    times, results = Times(state() / "setup-times.tsv"), list[ScenarioResult]()
    instance = Instance(arguments.name or "lab")
    try:
        application = registry.by_name(arguments.application or registry.FIRST.name)
        instance = Instance(arguments.name or application.environment, chosen=arguments.application)
        rehearsal = Rehearsal(instance, arguments.watch, times, results)
        if application.start:
            code = rehearsal.adopted_path()
        else:
            code = rehearsal.first_release(from_nothing=arguments.from_nothing) or rehearsal.release_path()
    except LabError as error:
        print(f"\n{error}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        print("\nStopped. Start again with: make rehearsal", file=sys.stderr)
        code = 130
    _report(instance, times, results)
    return code


@dataclass(frozen=True)
class Rehearsal:
    """The runs on one instance, their durations and results so far. Methods return 0, or the exit code to end with."""

    instance: Instance
    watch_s: int
    times: Times
    results: list[ScenarioResult]

    def first_release(self, *, from_nothing: bool) -> int:
        """A server on the first release, with data: restored where the same sources made it before."""
        ensure_engine()
        with states.making(FIRST):
            kept = None if from_nothing else states.find(FIRST)
            if kept is not None:
                self.times.stage(f"lab server restored on {FIRST}", lambda: snapshots.restore(self.instance, kept))
                return 0
            self.times.stage("empty lab server", lambda: _empty_lab(self.instance))
            if code := self._run(BRING_UP):
                return code
            _heading(f"{ROWS:,} rows of data")
            self.times.stage("rows of data", lambda: seed(self.instance, ROWS))
            self.times.stage("snapshot for the next rehearsal", lambda: states.keep(self.instance, FIRST))
        return 0

    def release_path(self) -> int:
        """Every run of the path, until one does not end as expected."""
        return next((code for scenario in RELEASE_PATH if (code := self._run(scenario))), 0)

    def adopted_path(self) -> int:
        """Every run that applies to an application which its owners started, until one does not end as expected."""
        ensure_engine()
        self.times.stage("lab server with its application", lambda: _with_application(self.instance))
        environment = load_environment(self.instance.address.environment)
        directory = environment.backup.directory
        # what the first backup asks an operator for, once
        folders = (directory.rpartition("/")[0], directory)
        run(self.instance.inside("install", "-d", "-o", environment.server.user, "-m", "0700", *folders),
            log_file(f"up-{self.instance.name}"))
        named = (replace(one, parameters={name: environment.postgres.name if value == DATABASE else value
                                          for name, value in one.parameters.items()}) for one in ADOPTED_PATH)
        return next((code for scenario in named if (code := self._run(scenario))), 0)

    def _run(self, scenario: Scenario) -> int:
        _heading(scenario.title)
        began = time.monotonic()
        command = run_command(self.instance, scenario.watched_for(self.watch_s))
        done = subprocess.run(command, cwd=root(), stdout=subprocess.PIPE, text=True)
        code, seconds = done.returncode, time.monotonic() - began
        self.times.rows.append((scenario.title, seconds))
        # the run itself says which one it was: the archive may have others', of the same notebook and environment
        ended = _outcome(done.stdout)
        run_id = str(ended.get("run_id") or "")
        verdict = str(ended.get("verdict") or ended.get("state")) if run_id else "no run recorded"
        print("\n".join(line for line in (ended.get("summary"), ended.get("report")) if line), flush=True)
        # a command that ended before it opened a run may have the code of one that answered
        good = bool(run_id) and code in scenario.exit_codes
        # a watch on a slow machine warns of the response time p95, and the release is live all the same
        enough = ("passed", "warning") if scenario.notebook == "20_deploy" else ("passed",)
        good = good and (scenario.exit_codes != (PASSED,) or verdict in enough)
        shown = "rolled back" if code == ROLLED_BACK else verdict
        self.results.append(ScenarioResult(scenario, shown, seconds, run_id, good))
        return 0 if good else code or 1


def _empty_lab(instance: Instance) -> None:
    was_there = instance.finished.exists()
    print(up(instance), flush=True)
    if was_there:
        reset(instance)


def _with_application(instance: Instance) -> None:
    print(up_with_application(instance), flush=True)


def _outcome(printed: str) -> dict[str, Any]:
    """What a command with --json printed of its run; nothing where it was refused before."""
    try:
        ended = json.loads(printed)
    except ValueError:
        return {}
    return ended if isinstance(ended, dict) else {}


def _heading(text: str) -> None:
    print(f"\n── {text} {'─' * max(3, 90 - len(text))}", flush=True)


def _report(instance: Instance, times: Times, results: list[ScenarioResult]) -> None:
    from rich.console import Console
    from rich.table import Table

    from runbook_lib.environment import project

    console = Console(width=None if sys.stdout.isatty() else 120)
    runs = Table("run", "notebook", "verdict", "seconds", "run id", title="Runs", title_justify="left")
    for one in results:
        runs.add_row(one.scenario.title, one.scenario.notebook, _coloured(one), f"{one.seconds:.1f}", one.run_id)
    for number in (1, 2, 4):  # half a run id names no run
        runs.columns[number].no_wrap = True
    durations = Table("stage", "seconds", title="Duration by stage", title_justify="left", show_footer=True)
    for title, seconds in times.rows:
        durations.add_row(title, f"{seconds:.1f}")
    durations.columns[0].footer, durations.columns[1].footer = "all", f"{sum(seconds for _, seconds in times.rows):.1f}"
    durations.columns[1].justify = "right"
    console.print()
    for table in (runs, durations) if results else (durations,):
        console.print(table)
    if ANSWERS in {one.scenario.exit_codes for one in results}:
        print(f"{FOR_INFORMATION}: a review of what the rehearsal has left behind, such as the errors of its broken "
              "release. Its verdict decides nothing here.")
    index = project.outputs() / "index.html"
    if index.exists():
        print(f"Reports: {index}")
    if instance.finished.exists():
        print(f"The lab keeps running: .venv/bin/python -m lab status --name {instance.name}\n"
              f"Your own runs: .venv/bin/runbook run 00_start_here -e {instance.address.environment}")


def _coloured(one: ScenarioResult) -> str:
    # what is meant to fail, and what may give any answer, does not end the rehearsal
    expected = ""
    if one.as_expected and one.verdict != "passed":
        expected = ", as expected" if one.scenario.exit_codes == (ROLLED_BACK,) else f", {FOR_INFORMATION}"
    colour = "red" if not one.as_expected else "yellow" if one.scenario.exit_codes == ANSWERS else "green"
    return f"[{colour}]{one.verdict}{expected}[/]"


if __name__ == "__main__":
    sys.exit(main())
