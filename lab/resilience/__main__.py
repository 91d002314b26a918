"""`python -m lab.resilience [NAME…]`: run resilience tests, print a line a case, leave outputs/soak/<UTC time>/."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lab.errors import LabError
from lab.instance import Instance
from lab.processes import succeeds
from lab.resilience.report import line_of, summary, write_report, write_results
from lab.resilience.runner import wait_for
from lab.resilience.suite import NAMES, SuiteResult, run_suites

FIRST = "v3.1.0"
START_TIMEOUT_S = 120.0


def main(words: list[str] | None = None) -> int:
    """0 when every case passed, 1 when one failed, 130 after Ctrl-C; other codes come from the lab itself."""
    parser = _parser()
    arguments = parser.parse_args(words)
    unknown = [name for name in arguments.suites if name not in NAMES]
    if unknown:
        parser.error(f"unknown suite {', '.join(unknown)}; choose from {', '.join(NAMES)}")
    for one in (signal.SIGINT, signal.SIGTERM):  # a shell starts what runs in the background with SIGINT ignored
        signal.signal(one, signal.default_int_handler)
    instance = Instance(arguments.name)
    try:
        created = _bring_up(instance)
    except LabError as error:
        print(f"\n{error}", file=sys.stderr)
        return error.exit_code
    try:
        return run_and_report(arguments.suites or NAMES, instance)
    finally:
        if created and not arguments.keep:
            from lab.instance import down

            down(instance)


def run_and_report(names: Sequence[str], instance: Instance) -> int:
    """Run the suites on an instance with a live release; print and write each result as it comes."""
    from runbook_lib.environment import project

    began = datetime.now(UTC)
    folder = project.outputs() / "soak" / f"{began:%Y%m%dT%H%M%SZ}"
    folder.mkdir(parents=True)
    # the runs that a suite starts are its evidence; the archive of real runs must not hold them
    os.environ["RUNBOOK_OUTPUTS"] = str(folder / "runs")
    Path(os.environ["RUNBOOK_OUTPUTS"]).mkdir()
    results: list[SuiteResult] = []
    printed = 0

    def record() -> None:
        nonlocal printed
        known = [(result.name, case) for result in results for case in result.cases]
        for name, case in known[printed:]:
            print(line_of(name, case), flush=True)
        printed = len(known)
        write_results(folder, results, instance=instance.name, began=began, completed=False)
        write_report(folder, results, instance=instance.name, began=began, completed=False)

    completed = False
    try:
        run_suites(names, instance, results, record)
        completed = True
    except KeyboardInterrupt:
        print("\nStopped. The report covers what was tested so far.", file=sys.stderr)
    write_results(folder, results, instance=instance.name, began=began, completed=completed)
    report = write_report(folder, results, instance=instance.name, began=began, completed=completed)
    print(f"\n{summary(results)}\nReport: {report}")
    return 130 if not completed else 0 if all(one.passed for one in results) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.resilience",
                                     description="Run long resilience tests on a lab server.")
    parser.add_argument("suites", nargs="*", metavar="NAME", help=f"suites to run (default: all): {', '.join(NAMES)}")
    parser.add_argument("--name", default="soak", help="lab instance; created if missing (default: soak)")
    parser.add_argument("--keep", action="store_true", help="keep an instance that was created for the tests")
    return parser


def _bring_up(instance: Instance) -> bool:
    """Bring the instance up on the first release. True when this created it."""
    from lab.engine import ensure_engine
    from lab.instance import up
    from lab.release import release

    ensure_engine()
    existed = instance.finished.exists()
    print(up(instance), flush=True)
    release(instance, FIRST)
    health = instance.inside("curl", "-skf", "--max-time", "5", "-o", "/dev/null", "https://127.0.0.1/health")
    # an instance that was stopped takes a while to answer again
    wait_for(lambda: succeeds(health), f"{instance.name} answers /health", START_TIMEOUT_S)
    return not existed


if __name__ == "__main__":
    sys.exit(main())
