"""Reading logs: processor seconds and memory of 43's tables, next to GoAccess on the same file where it is installed.

Whole processes in turn, so that a busy machine is busy for both; the ratio counts.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.errors import LabError
from runbook_lib.observability.facts.log_reading import PIECE_BYTES

LINES = 1_000_000
AT_LEAST = 10.0  # times as much processor time as ours, of GoAccess
BEGIN = datetime(2026, 11, 26, tzinfo=UTC)
COMBINED, JSON = "combined", "json"
_AGENTS = ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130 Safari/537.36",
           "curl/8.5", "Prometheus/2.42")
_READ = """
import sys
from datetime import datetime, timedelta
from runbook_lib.environment.logs import LogFile
from runbook_lib.observability.facts import log_reading
from runbook_lib.observability.facts.log_review import read_file, review
from runbook_lib.observability.facts.log_window import LogSurvey
path, form, begin, piece = sys.argv[1:]
log_reading.PIECE_BYTES = int(piece)
log, since = LogFile(kind="access", format=form, path="/x"), datetime.fromisoformat(begin)
survey = LogSurvey(since, since + timedelta(days=1), {})
with open(path, "rb") as file:
    found = review({"x": log}, survey, None, lambda name, add: read_file(file, name, log, add))
print(found.requests)
"""


@dataclass(frozen=True)
class LogCost:
    """What reading a log took: lines, processor seconds of the whole process, and its peak of memory in MB."""

    tool: str
    format: str
    lines: int
    megabytes: float
    cpu_s: float
    peak_mb: float

    def __str__(self) -> str:
        return (f"{self.tool}, {self.format}, {self.lines:,} lines ({self.megabytes:,.0f} MB): {self.cpu_s:.2f} s CPU, "
                f"{self.peak_mb:,.0f} MB of memory")


def write_log(path: Path, form: str, lines: int, different: int | None = None) -> Path:
    """An access log of one day with so many lines: a dozen routes with ids in them, one failure in twenty.

    After so many `different` ones they are the same again: made sooner, and easier for what keeps each address.
    """
    made = random.Random(7)
    count = min(lines, different or lines)
    block = "".join(_line(made, form, BEGIN + timedelta(seconds=86_399 * number / count)) for number in range(count))
    rest = lines
    with path.open("w", encoding="utf-8") as file:
        while rest >= count:
            file.write(block)
            rest -= count
        file.writelines(block.splitlines(keepends=True)[:rest])
    return path


def _line(made: random.Random, form: str, at: datetime) -> str:
    path = made.choice((f"/api/v1/items/{made.randrange(5000)}", "/api/v1/lists", "/",
                        f"/assets/app-{made.randrange(16):x}.js",
                        f"/api/v1/users/{made.getrandbits(32):08x}-1111-4222-8333-{made.getrandbits(48):012x}"))
    address = f"10.{made.randrange(4)}.{made.randrange(30)}.{made.randrange(250)}"
    status = made.choice((*[200] * 18, 404, 500))
    if form == COMBINED:
        return (f'{address} - - [{at:%d/%b/%Y:%H:%M:%S +0000}] "GET {path} HTTP/1.1" {status} {made.randrange(20_000)} '
                f'"-" "{made.choice(_AGENTS)}"\n')
    return json.dumps({"time": at.isoformat(timespec="seconds"), "request_id": f"{made.getrandbits(128):032x}",
                       "address": address, "method": "GET", "path": path, "protocol": "HTTP/1.1", "status": status,
                       "bytes": made.randrange(20_000), "seconds": round(made.expovariate(20), 3),
                       "upstream": "172.20.0.4:8000", "agent": made.choice(_AGENTS)}, separators=(",", ":")) + "\n"


def read_with_ours(path: Path, form: str, piece_bytes: int = PIECE_BYTES) -> LogCost:
    """The cost of 43's tables. Raises LabError where not every line was read."""
    words = (sys.executable, "-c", _READ, str(path), form, BEGIN.isoformat(), str(piece_bytes))
    output, cpu_s, peak_mb = _measured(words)
    with path.open("rb") as file:
        lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    if int(output) != lines:
        raise LabError(f"{output.strip()} of {lines} lines of {path} were read")
    return LogCost("43 Log review", form, lines, path.stat().st_size / 1e6, cpu_s, peak_mb)


def read_with_goaccess(path: Path, lines: int) -> LogCost | None:
    """GoAccess' cost of its own tables of a combined log; None where it is not installed."""
    program = shutil.which("goaccess")
    if program is None:
        return None
    words = (program, str(path), "--log-format=COMBINED", "--no-global-config", "--no-progress", "-o",
             str(path.with_suffix(".out.json")))
    _, cpu_s, peak_mb = _measured(words)
    return LogCost("GoAccess", COMBINED, lines, path.stat().st_size / 1e6, cpu_s, peak_mb)


def measure_logs(folder: Path, lines: int = LINES) -> list[LogCost]:
    """Both formats by ours, and the combined one by GoAccess where it is installed. Raises LabError."""
    combined, entries = (write_log(folder / f"{form}.log", form, lines) for form in (COMBINED, JSON))
    found = [read_with_ours(combined, COMBINED), read_with_ours(entries, JSON)]
    other = read_with_goaccess(combined, lines)
    return [*found, other] if other else found


def times_as_much(costs: list[LogCost]) -> float | None:
    """How many times the processor time of ours GoAccess took for the combined log; None where it was not measured."""
    by_tool = {cost.tool: cost.cpu_s for cost in costs if cost.format == COMBINED}
    return by_tool["GoAccess"] / by_tool["43 Log review"] if "GoAccess" in by_tool else None


def _measured(words: tuple[str, ...]) -> tuple[str, float, float]:
    """Output, processor seconds and peak memory in MB of one process. Raises LabError when it fails."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None  # a pipe was asked for
    output = process.stdout.read()
    # of this child alone: what others of the benchmark used is not in it
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise LabError(f"{words[0]} ended with {process.returncode}")
    return output, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
