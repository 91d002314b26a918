"""`python -m lab.resilience [NAME…]`: run the proofs, print a line a case, leave outputs/soak/<UTC time>/."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from lab.errors import LabError
from lab.instance import Instance
from lab.processes import succeeds
from lab.resilience.report import line_of, summary, write_report, write_results
from lab.resilience.runner import wait_for
from lab.resilience.suite import NAMES, SuiteResult, run_suites

FIRST = "v3.1.0"
SERVES_S = 120.0


def main(words: list[str] | None = None) -> int:
    """0 when every case held, 1 when one did not, 130 after Ctrl-C; other codes come from the lab itself."""
    parser = _parser()
    arguments = parser.parse_args(words)
    unknown = [name for name in arguments.proofs if name not in NAMES]
    if unknown:
        parser.error(f"there is no proof {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    instance = Instance(arguments.name)
    try:
        made = _instance_serves(instance)
    except LabError as error:
        print(f"\n{error}", file=sys.stderr)
        return error.exit_code
    try:
        return prove(arguments.proofs or NAMES, instance)
    finally:
        if made and not arguments.keep:
            from lab.instance import down

            down(instance)


def prove(names: tuple[str, ...] | list[str], instance: Instance) -> int:
    """Run the proofs on an instance that serves, and write what came of them as it comes."""
    from runbook_lib.environment import project

    began = datetime.now(UTC)
    folder = project.outputs() / "soak" / f"{began:%Y%m%dT%H%M%SZ}"
    folder.mkdir(parents=True)
    # the runs that a proof starts are its evidence, and no part of the archive of real runs
    os.environ["RUNBOOK_OUTPUTS"] = str(folder / "runs")
    Path(os.environ["RUNBOOK_OUTPUTS"]).mkdir()
    proven: list[SuiteResult] = []
    printed = 0

    def seen(one: SuiteResult) -> None:
        nonlocal printed
        known = [(proof.name, case) for proof in proven for case in proof.cases]
        for name, case in known[printed:]:
            print(line_of(name, case), flush=True)
        printed = len(known)
        write_results(folder, proven, instance=instance.name, began=began, over=False)

    over = False
    try:
        run_suites(names, instance, proven, seen)
        over = True
    except KeyboardInterrupt:
        print("\nStopped: what was proven so far is in the report.", file=sys.stderr)
    write_results(folder, proven, instance=instance.name, began=began, over=over)
    report = write_report(folder, proven, instance=instance.name, began=began, over=over)
    print(f"\n{summary(proven)}\nReport: {report}")
    return 130 if not over else 0 if all(one.passed for one in proven) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.resilience", description="Long resilience tests on a lab.")
    parser.add_argument("proofs", nargs="*", metavar="NAME", help=f"which (default: all): {', '.join(NAMES)}")
    parser.add_argument("--name", default="proof", help="which instance of the lab; made when it is not there")
    parser.add_argument("--keep", action="store_true", help="leave an instance that was made for the proofs")
    return parser


def _instance_serves(instance: Instance) -> bool:
    """Bring the instance up on the first release. True when it was not there before."""
    from lab.engine import ensure_engine
    from lab.instance import up
    from lab.release import release

    ensure_engine()
    was_there = instance.finished.exists()
    print(up(instance), flush=True)
    release(instance, FIRST)
    health = instance.inside("curl", "-skf", "--max-time", "5", "-o", "/dev/null", "https://127.0.0.1/health")
    wait_for(lambda: succeeds(health), f"{instance.name} serves its users", SERVES_S)  # it may just have been started
    return not was_there


if __name__ == "__main__":
    sys.exit(main())
