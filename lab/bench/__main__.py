"""`python -m lab.bench`: a run's own cost, then both methods on one instance; leaves outputs/bench/."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from lab.bench.backups import RATE, ROUNDS, show_backups
from lab.bench.faults import FAULTS
from lab.bench.logs import AT_LEAST, LINES, measure_logs, times_as_much
from lab.bench.measures import row_of
from lab.bench.overhead import AT_MOST, measure_overhead
from lab.bench.report import grouped_by_task, table, write
from lab.bench.scenarios import SETTLE_S, Bench
from lab.errors import LabError
from lab.instance import Instance
from lab.traffic import Load, background_load

FIRST = "v3.1.0"
LONGEST_S = 3600.0


def main(words: list[str] | None = None) -> int:
    """0 when everything was measured, 1 when not, 130 after Ctrl-C; other codes come from the lab itself."""
    arguments = _arguments(words)
    instance, created = Instance(arguments.name), False
    try:
        show_overhead(arguments.archived)
        if arguments.overhead:
            return 0
        show_logs(arguments.log_lines)
        if arguments.logs:
            return 0
        created = _bring_up(instance)
        code = measure(instance, arguments)
        return code or show_backups(instance, arguments.sizes, ROUNDS, RATE)
    except LabError as error:
        print(f"\n{error}", file=sys.stderr)
        return error.exit_code
    finally:
        if created and not arguments.keep:
            from lab.instance import down

            down(instance)


def show_overhead(archived: Sequence[int]) -> None:
    """Measure a run's own cost, and keep the figures in outputs/bench/overhead.json. Raises LabError."""
    from runbook_lib.archive.files import write_atomically
    from runbook_lib.environment import project

    found = []
    for count in archived:
        with tempfile.TemporaryDirectory(prefix="runbook-overhead-") as folder:
            found.append(measure_overhead(Path(folder), archived=count))
        print(f"── {found[-1]}", flush=True)
    rows = [{**asdict(one), "wall_ratio": one.wall_ratio, "cpu_ratio": one.cpu_ratio} for one in found]
    text = json.dumps({"at_most": AT_MOST, "rows": rows}, indent=1)
    write_atomically(project.outputs() / "bench/overhead.json", f"{text}\n")


def show_logs(lines: int) -> None:
    """Measure how logs are read, and keep the figures in outputs/bench/logs.json. Raises LabError."""
    from runbook_lib.archive.files import write_atomically
    from runbook_lib.environment import project

    with tempfile.TemporaryDirectory(prefix="runbook-logs-") as folder:
        found = measure_logs(Path(folder), lines)
    for cost in found:
        print(f"── {cost}", flush=True)
    times = times_as_much(found)
    print(f"── GoAccess took {times:.1f} times the processor time" if times else "── goaccess is not installed")
    text = json.dumps({"at_least": AT_LEAST, "times": times, "rows": [asdict(one) for one in found]}, indent=1)
    write_atomically(project.outputs() / "bench/logs.json", f"{text}\n")


def measure(instance: Instance, arguments: argparse.Namespace) -> int:
    """Run the scenarios under the load, then write the results, whatever stopped it."""
    from rich.console import Console

    from runbook_lib.environment import project

    began = datetime.now(UTC)
    folder = project.outputs() / "bench" / f"{began:%Y%m%dT%H%M%SZ}"
    (folder / "runs").mkdir(parents=True)
    bench = Bench(instance, folder / "runs", arguments.clean, lambda text: print(f"── {text}", flush=True))
    bench.prepare()
    code, load = 0, None
    try:
        with background_load(instance, arguments.rate, longest_s=LONGEST_S) as load:
            _run(bench, load, arguments.triggers)
    except LabError as error:
        print(f"\n{error}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print("\nStopped. The report covers what was measured so far.", file=sys.stderr)
        code = 130
    if load is None:
        return code
    done = [interval for interval in bench.intervals if interval.end]
    rows = grouped_by_task([row_of(interval, load.result, arguments.clean) for interval in done])
    report = write(folder, rows, done, load.result, instance=instance.name, began=began, clean_s=arguments.clean,
                   completed=code == 0)
    Console(width=None if sys.stdout.isatty() else 130).print(table(rows))
    print(f"{load.result}\nReport: {report}")
    return code


def _run(bench: Bench, load: Load, triggers: int) -> None:
    for interval in bench.run(load, FAULTS[:triggers]):
        print(f"   {interval.result} after {interval.end - interval.begin:.0f} s", flush=True)
    load.wait_until_settled(load.seconds + int(SETTLE_S), 2 * SETTLE_S)


def _bring_up(instance: Instance) -> bool:
    """Bring the instance up on the first release. True when this created it."""
    from lab.engine import ensure_engine
    from lab.instance import up
    from lab.release import release

    ensure_engine()
    existed = instance.finished.exists()
    print(up(instance), flush=True)
    release(instance, FIRST)
    return not existed


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.bench",
                                     description="Compare the runbooks with the plan's manual commands.")
    parser.add_argument("--name", default="bench", help="lab instance; created if missing (default: bench)")
    parser.add_argument("--keep", action="store_true", help="keep an instance that was created for the benchmark")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second (default: 200)")
    parser.add_argument("--clean", type=int, default=60,
                        help="seconds without a failure that count as recovered (default: 60)")
    parser.add_argument("--triggers", type=int, default=len(FAULTS), help="triggers to measure (default: all)")
    parser.add_argument("--sizes", type=int, nargs="*", default=[50, 500], metavar="MB",
                        help="databases whose backup and drill are measured (default: 50 500)")
    parser.add_argument("--overhead", action="store_true", help="measure only a run's own cost: no instance")
    parser.add_argument("--logs", action="store_true",
                        help="measure only a run's own cost and the reading of logs: no instance")
    parser.add_argument("--log-lines", type=int, default=LINES, metavar="N",
                        help=f"lines of these logs (default: {LINES})")
    parser.add_argument("--archived", type=int, nargs="+", default=[0], metavar="N",
                        help="runs in the archive while that is measured (default: 0)")
    arguments = parser.parse_args(words)
    if not (0 < arguments.rate <= 2000 and 0 < arguments.clean <= 600 and 0 <= arguments.triggers <= len(FAULTS)):
        parser.error(f"--rate must be 1 to 2000, --clean 1 to 600, --triggers 0 to {len(FAULTS)}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
