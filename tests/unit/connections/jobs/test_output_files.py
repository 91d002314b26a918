"""A job's output files, read in bounded pieces."""

from __future__ import annotations

from typing import Any

from runbook_lib.connections import jobs
from tests.unit.connections.local_server import sh


def test_long_output_is_fetched_at_both_ends(server: Any) -> None:
    job = jobs.start(server, sh("echo first; head -c 500000 /dev/zero | tr '\\0' x; echo; echo last"), "run/step")
    jobs.wait(job)
    out, err = jobs.output(job, limit_bytes=100)
    assert out.startswith("first\n")
    assert out.endswith("last\n")
    assert "left out" in out
    assert len(out) < 300
    assert err == ""
