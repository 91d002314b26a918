"""The whole output of a job, from its files on the server."""

from __future__ import annotations

from runbook_lib.connections.jobs.job import Job
from runbook_lib.connections.jobs.starting import EXCHANGE_TIMEOUT_S
from runbook_lib.connections.limits import Bounded
from runbook_lib.connections.session import Exchange

EVIDENCE_BYTES = 65_536
_PROGRAM = (
    'cd -- "$1" && size=$(stat -c %s -- "$2") && echo "$size" && if [ "$size" -le $((2 * $3)) ]; '
    'then cat -- "$2"; else head -c "$3" -- "$2"; tail -c "$3" -- "$2"; fi'
)


def output(job: Job, *, limit_bytes: int = EVIDENCE_BYTES) -> tuple[str, str]:
    """Standard output and standard error of a job: the first and the last `limit_bytes` of each, as text."""
    return _head_and_tail(job, "out", limit_bytes), _head_and_tail(job, "err", limit_bytes)


def _head_and_tail(job: Job, name: str, limit_bytes: int) -> str:
    argv = ("bash", "-c", _PROGRAM, "output", job.folder, name, str(limit_bytes))
    raw = Bounded(2 * limit_bytes + 100, 0)
    job.server.exchange(Exchange(argv, f"read {job.folder}/{name}", EXCHANGE_TIMEOUT_S, on_stdout=raw.add))
    size, _, content = raw.head.partition(b"\n")
    if not size.isdigit():
        return ""
    kept = Bounded(limit_bytes, limit_bytes)
    kept.add(content[:limit_bytes])
    kept.size += max(0, int(size) - len(content))  # the middle never left the server, but it counts as left out
    kept.add(content[limit_bytes:])
    return kept.lines()
