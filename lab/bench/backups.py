"""`python -m lab.bench.backups`: a backup and a drill with all their proof, compared with the plan's own two pipes.

Both methods run in turn in the same minutes, on databases of several sizes next to the live one; users go on sending
requests. Wall time depends on what else the machine does, so the processors' seconds of the whole server are given too.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from lab.compressors import igzip
from lab.errors import LabError
from lab.instance import Instance
from lab.processes import output
from lab.traffic import background_load
from runbook_lib.core.commands import Command
from runbook_lib.environment import Environment, load_environment, project
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.plans.compose import compose
from runbook_lib.recovery.facts.backup_survey import parse_survey, survey_program
from runbook_lib.recovery.facts.backups import Backups
from runbook_lib.recovery.plans.backup import plan_backup
from runbook_lib.recovery.plans.restore_drill import drill_command

ROUNDS, RATE = 3, 20.0
BACKUP, DRILL = "backup", "restore drill"
FOLDER, RECORDS = "/tmp/bench-backups", "/tmp/bench-drills"
TIMEOUT_S = 3600.0
ROW_BYTES = 190  # of a row with its indexes
# a log of readings: numbers, times, repeated words and a part that does not compress
FILL = """
CREATE TABLE readings (id bigserial PRIMARY KEY, at timestamptz NOT NULL, device int, note text, value numeric);
INSERT INTO readings (at, device, note, value)
    SELECT timestamptz '2026-01-01' + n * interval '7 s', n % 977,
           'reading of device ' || n % 977 || ' at station ' || md5((n / 50)::text), (random() * 1000)::numeric(10, 3)
    FROM generate_series(1, {rows}) AS n;
CREATE INDEX ON readings (device, at);
ALTER TABLE readings OWNER TO {owner};
VACUUM ANALYZE readings;
"""
CPU_S = ("cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null || "
         "awk '/^usage_usec/ { print $2 * 1000 }' /sys/fs/cgroup/cpu.stat")


@dataclass(frozen=True)
class Measured:
    """One piece of work by one method: seconds by the clock, and of all processors of the server."""

    task: str
    size_mb: int
    ours_s: float
    plain_s: float
    ours_cpu_s: float
    plain_cpu_s: float
    p95_ms: float | None = None

    @property
    def ratio(self) -> float:
        """How many times as long as the plan's own pipe."""
        return self.ours_s / self.plain_s

    def __str__(self) -> str:
        p95 = "" if self.p95_ms is None else f"; users' p95 {self.p95_ms:.0f} ms"
        return (f"{self.task}, {self.size_mb} MB: {self.ours_s:.1f} s, {self.ratio:.2f} of the plain pipe's "
                f"{self.plain_s:.1f} s; processors {self.ours_cpu_s:.1f} s against {self.plain_cpu_s:.1f} s{p95}")


class BackupBench:
    """Measures on one instance. `announce` shows what is done now."""

    def __init__(self, instance: Instance, announce: Callable[[str], None]) -> None:
        self._instance, self._announce = instance, announce
        self._environment = load_environment(instance.address.environment)
        self._prefix = " ".join(compose(self._environment, "exec", "-T", "postgres").argv)

    def run(self, size_mb: int, rounds: int) -> Iterator[Measured]:
        """A backup and a drill of a database of that size, the median of all rounds. Removes what it made."""
        database = f"bench_{size_mb}"
        self._announce(f"filling a database of {size_mb} MB")
        try:
            self._fill(database, size_mb)
            yield self._median(BACKUP, size_mb, rounds, self._plain_dump(database), lambda: self._back_up(database))
            copy = f"{database}_copy"
            yield self._median(DRILL, size_mb, rounds, self._plain_load(copy), lambda: self._drill(database),
                               prepare=lambda: self._make(copy))
        finally:
            for name in (database, f"{database}_copy"):
                self._sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            output(self._instance.inside("rm", "-rf", FOLDER, RECORDS))

    def _fill(self, database: str, size_mb: int) -> None:
        self._make(database)
        rows = size_mb * 1_000_000 // ROW_BYTES
        self._sql(FILL.format(rows=rows, owner=self._environment.postgres.owner), database)

    def _make(self, database: str) -> None:
        self._sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        self._sql(f"CREATE DATABASE {database} OWNER {self._environment.postgres.owner}")

    def _median(self, task: str, size_mb: int, rounds: int, plain: str, ours: Callable[[], None], *,
                prepare: Callable[[], None] = lambda: None) -> Measured:
        found = []
        for number in range(rounds):
            self._announce(f"{task}, {size_mb} MB, round {number + 1} of {rounds}")
            prepare()
            plain_s, plain_cpu_s = self._timed(lambda: self._shell(plain))
            ours_s, ours_cpu_s = self._timed(ours)
            found.append(Measured(task, size_mb, ours_s, plain_s, ours_cpu_s, plain_cpu_s))
        return sorted(found, key=lambda one: one.ratio)[len(found) // 2]

    def _timed(self, work: Callable[[], None]) -> tuple[float, float]:
        began, cpu_s = time.monotonic(), self._cpu_s()
        work()
        return time.monotonic() - began, self._cpu_s() - cpu_s

    def _plain_dump(self, database: str) -> str:
        user = self._environment.postgres.owner
        return f"mkdir -p {FOLDER} && {self._prefix} pg_dump -U {user} {database} </dev/null | gzip >{FOLDER}/plain.gz"

    def _plain_load(self, database: str) -> str:
        user = self._environment.postgres.owner
        return f"gunzip -c {FOLDER}/plain.gz | {self._prefix} psql -q -U {user} {database} >/dev/null"

    def _back_up(self, database: str) -> None:
        environment = self._for(database)
        now = datetime.now(UTC)
        for step in plan_backup(Backups(FOLDER, database, now, now, writable=True), environment).steps:
            for action in step.actions:
                assert isinstance(action, Command)
                self._program(action)

    def _drill(self, database: str) -> None:
        environment = self._for(database)
        listed = Command(("bash", "-s", "--", FOLDER, database, "1"), stdin=survey_program())
        backups = parse_survey(self._program(listed), FOLDER, database, environment.project,
                               our_clock=datetime.now(UTC))
        if backups.newest is None:
            raise LabError(f"The backup of {database} is not good.", next_step="run the benchmark again")
        nothing = Deployed(None, None, None, None, None, frozenset(), ())
        # only its record goes elsewhere
        server = environment.server.model_copy(update={"directory": RECORDS})
        self._program(drill_command(backups.newest, nothing, environment.model_copy(update={"server": server})))

    def _for(self, database: str) -> Environment:
        """The lab's environment with another database and folder, and no application that reads the copy."""
        lab = self._environment
        return lab.model_copy(update={
            "database": lab.postgres.model_copy(update={"name": database}),
            "backup": lab.backup.model_copy(update={"directory": FOLDER}),
            "restore_drill": lab.restore_drill.model_copy(update={"reads": {}}),
        })

    def _program(self, command: Command) -> str:
        here = self._environment.server.directory
        words = self._instance.inside("sh", "-ec", f'mkdir -p {RECORDS}; cd {here}; exec "$@"', "bench", *command.argv,
                                      user="deploy")
        return output(words, input=str(command.stdin or ""), timeout_s=TIMEOUT_S)

    def _shell(self, line: str) -> None:
        here = self._environment.server.directory
        output(self._instance.inside("bash", "-ec", f"set -o pipefail; cd {here}; {line}", user="deploy"),
               timeout_s=TIMEOUT_S)

    def _sql(self, text: str, database: str = "postgres") -> None:
        argv = ("docker", "exec", "-i", "gw2-staging-postgres-1", "psql", "-Xq", "-v", "ON_ERROR_STOP=1",
                "-U", "postgres", "-d", database)
        output(self._instance.inside(*argv), input=text, timeout_s=TIMEOUT_S)

    def _cpu_s(self) -> float:
        return float(output(self._instance.inside("sh", "-c", CPU_S))) / 1e9


def show_backups(instance: Instance, sizes: Sequence[int], rounds: int, rate: float) -> int:
    """Measure every size, and keep the figures in outputs/bench/backups.json. Returns 0; raises LabError."""
    from runbook_lib.archive.files import write_atomically

    rows = [asdict(row) | {"ratio": round(row.ratio, 3)} for row in measure(instance, sizes, rounds, rate)]
    write_atomically(project.outputs() / "bench/backups.json", json.dumps(rows, indent=1) + "\n")
    return 0


def measure(instance: Instance, sizes: Sequence[int], rounds: int, rate: float) -> list[Measured]:
    """Every size in turn, while users send `rate` requests a second (0: none)."""
    bench, found = BackupBench(instance, lambda text: print(f"── {text}", flush=True)), list[Measured]()
    for size_mb in sizes:
        if not rate:
            found += _shown(bench.run(size_mb, rounds), None)
            continue
        with background_load(instance, rate, longest_s=TIMEOUT_S) as load:
            of_size = list(bench.run(size_mb, rounds))
        found += _shown(iter(of_size), load.result.p95_s)
    return found


def _shown(of_size: Iterator[Measured], p95_s: float | None) -> Iterator[Measured]:
    for one in of_size:
        row = replace(one, p95_ms=None if p95_s is None else p95_s * 1000)
        print(f"   {row}", flush=True)
        yield row


def main(words: list[str] | None = None) -> int:
    """0 when everything was measured; other codes come from the lab itself."""
    parser = argparse.ArgumentParser(prog="python -m lab.bench.backups", description=__doc__.partition("\n")[0])
    parser.add_argument("--name", default="bench", help="lab instance with a release (default: bench)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 500], metavar="MB",
                        help="sizes of the databases (default: 50 500)")
    parser.add_argument("--rounds", type=int, default=ROUNDS,
                        help=f"rounds of each, of which the median counts (default: {ROUNDS})")
    parser.add_argument("--rate", type=float, default=RATE,
                        help=f"users' requests a second (default: {RATE:.0f}; 0: none)")
    parser.add_argument("--igzip", action="store_true", help="put igzip onto the server while it is measured")
    arguments = parser.parse_args(words)
    instance = Instance(arguments.name)
    try:
        with igzip(instance) if arguments.igzip else nullcontext():
            return show_backups(instance, arguments.sizes, arguments.rounds, arguments.rate)
    except LabError as error:
        print(f"\n{error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
