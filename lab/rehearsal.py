"""`make rehearsal`: the whole release path on the lab, with the real runner, and how long each stage took.

An empty server gets the first release and data, is backed up, checked, moved to the next release and verified. Then a
broken release is deployed, which must be rolled back automatically, and the backups are restored in a drill. Every run
leaves its report; the first run that does not end as expected ends the rehearsal.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import LabError
from lab.instance import Instance
from lab.processes import root, state
from runbook_lib.core.errors import PASSED, ROLLED_BACK

FIRST, NEXT, BROKEN = "v3.1.0", "v3.2.0", "broken-server-errors"
ROWS = 60_000
RUN_TIMEOUT_S = 900
# what no check can measure; here the rehearsal attests it, and the reports show that
ATTESTED = "All tests passing in CI/CD, Code review approved, Database migration scripts reviewed"


@dataclass(frozen=True)
class Scenario:
    """One run of a notebook: title, parameters, whether it changes the server, and the expected exit code."""

    title: str
    notebook: str
    parameters: dict[str, str] = field(default_factory=dict)
    apply: bool = False
    exit_code: int = PASSED


@dataclass(frozen=True)
class ScenarioResult:
    """The result of a scenario, as recorded in the archive."""

    scenario: Scenario
    verdict: str
    seconds: float
    run_id: str
    as_expected: bool


BRING_UP = Scenario(f"bring-up on {FIRST}", "20_deploy", {"ref": FIRST}, apply=True)
RELEASE_PATH = (
    # preflight fails on a server that was never backed up
    Scenario("first backup", "30_backup_database", apply=True),
    Scenario(f"preflight for {NEXT}", "10_preflight",
          {"ref": NEXT, "attested": ATTESTED, "attested_by": "the rehearsal"}),
    Scenario(f"backup before {NEXT}", "30_backup_database", apply=True),
    Scenario(f"deploy of {NEXT}", "20_deploy", {"ref": NEXT}, apply=True),
    Scenario(f"verification of {NEXT}", "21_verify"),
    Scenario(f"deploy of {BROKEN}", "20_deploy", {"ref": BROKEN}, apply=True, exit_code=ROLLED_BACK),
    Scenario("restore drill", "31_restore_drill", apply=True),
)


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
    parser.add_argument("--name", default="lab", help="lab instance (default: lab)")
    instance = Instance(parser.parse_args(words).name)
    times, results = Times(state() / "setup-times.tsv"), list[ScenarioResult]()
    try:
        code = _run_all(instance, times, results)
    except LabError as error:
        print(f"\n{error}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        print("\nStopped. Start again with: make rehearsal", file=sys.stderr)
        code = 130
    _report(instance, times, results)
    return code


def _run_all(instance: Instance, times: Times, results: list[ScenarioResult]) -> int:
    from lab.seed import seed

    times.stage("empty lab server", lambda: _empty_lab(instance))
    for scenario in (BRING_UP, *RELEASE_PATH):
        _heading(scenario.title)
        code = _run(instance, scenario, times, results)
        if code:
            return code
        if scenario is BRING_UP:
            _heading(f"{ROWS:,} rows of data")
            times.stage("rows of data", lambda: seed(instance, ROWS))
    return 0


def _empty_lab(instance: Instance) -> None:
    from lab.engine import ensure_engine
    from lab.instance import reset, up

    was_there = instance.finished.exists()
    ensure_engine()
    print(up(instance), flush=True)
    if was_there:
        reset(instance)


def _run(instance: Instance, scenario: Scenario, times: Times, results: list[ScenarioResult]) -> int:
    before = {run.run_id for run in _archive()}
    began = time.monotonic()
    code = subprocess.run(run_command(instance, scenario), cwd=root()).returncode
    seconds = time.monotonic() - began
    times.rows.append((scenario.title, seconds))
    # other runs may be in progress at the same time, in other environments
    mine = (scenario.notebook, instance.name)
    new = [run for run in _archive() if run.run_id not in before and (run.notebook, run.environment) == mine]
    verdict = new[0].verdict or new[0].state if new else "no run recorded"
    good = code == scenario.exit_code and (code != PASSED or verdict == "passed")
    shown = "rolled back" if code == ROLLED_BACK else verdict
    results.append(ScenarioResult(scenario, shown, seconds, new[0].run_id if new else "", good))
    return 0 if good else code or 1


def run_command(instance: Instance, scenario: Scenario) -> list[str]:
    """The command with which an operator would run the scenario."""
    words = [str(Path(sys.executable).with_name("runbook")), "run", scenario.notebook,
             "-e", instance.address.environment,
             "--timeout", str(RUN_TIMEOUT_S)]
    for name, value in scenario.parameters.items():
        words += ["-p", f"{name}={value}"]
    if scenario.apply:
        words += ["--apply", "--confirm", instance.name, "--reason", f"rehearsal: {scenario.title}"]
    return words


def _archive() -> list:  # type: ignore[type-arg]  # the archive is imported late: it is not needed to refuse
    from runbook_lib.archive.runs import list_runs
    from runbook_lib.environment import project

    return list_runs(project.outputs())


def _heading(text: str) -> None:
    print(f"\n── {text} {'─' * max(3, 90 - len(text))}", flush=True)


def _report(instance: Instance, times: Times, results: list[ScenarioResult]) -> None:
    from rich.console import Console
    from rich.table import Table

    from runbook_lib.environment import project

    console = Console(width=None if sys.stdout.isatty() else 110)
    runs = Table("run", "notebook", "verdict", "seconds", "run id", title="Runs", title_justify="left")
    for one in results:
        runs.add_row(one.scenario.title, one.scenario.notebook, _coloured(one), f"{one.seconds:.1f}", one.run_id)
    runs.columns[2].no_wrap = True
    durations = Table("stage", "seconds", title="Duration by stage", title_justify="left", show_footer=True)
    for title, seconds in times.rows:
        durations.add_row(title, f"{seconds:.1f}")
    durations.columns[0].footer, durations.columns[1].footer = "all", f"{sum(seconds for _, seconds in times.rows):.1f}"
    durations.columns[1].justify = "right"
    console.print()
    for table in (runs, durations) if results else (durations,):
        console.print(table)
    index = project.outputs() / "index.html"
    if index.exists():
        print(f"Reports: {index}")
    if instance.finished.exists():
        print(f"The lab keeps running: `python -m lab status --name {instance.name}`; in notebooks it is "
              f"environment {instance.address.environment!r}.")


def _coloured(one: ScenarioResult) -> str:
    expected = "" if one.scenario.exit_code == PASSED else ", as expected"
    return f"[green]{one.verdict}{expected}[/]" if one.as_expected else f"[red]{one.verdict}[/]"


if __name__ == "__main__":
    sys.exit(main())
