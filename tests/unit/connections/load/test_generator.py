"""The generator's program itself: it takes one job, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.unit.connections.load.application import Application, job

PROGRAM = (sys.executable, "-I", "-m", "runbook_lib.connections.load.generator")
LONG_S = 240


def test_without_a_job_it_sends_nothing() -> None:
    done = subprocess.run(PROGRAM, input=b"", capture_output=True, check=False, timeout=LONG_S)
    assert (done.returncode, done.stdout) == (0, b"")


def test_an_input_that_ends_stops_it_at_once(application: Application) -> None:
    where = {"url": application.url, "connect_to": application.connect_to, "ca_file": application.ca_file, "seed": "s"}
    task = json.dumps(job(loads=[5.0], stage_s=600.0) | where) + "\n"
    began = time.monotonic()
    done = subprocess.run(PROGRAM, input=task.encode(), capture_output=True, check=True, timeout=LONG_S)
    result = json.loads(done.stdout.splitlines()[-1])["result"]
    assert began <= result["monotonic_s"] <= time.monotonic(), "the clock of whoever samples the containers, in another process"
    assert (result["ended"], result["left_count"], application.accounts) == ("stopped", 0, {})


def test_its_output_is_bounded_and_has_no_password(application: Application) -> None:
    where = {"url": application.url, "connect_to": application.connect_to, "ca_file": application.ca_file, "seed": "s" * 40}
    with subprocess.Popen(PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as generator:
        assert generator.stdin is not None
        assert generator.stdout is not None
        generator.stdin.write((json.dumps(job(loads=[20.0], stage_s=3.0) | where) + "\n").encode())
        generator.stdin.flush()
        output = generator.stdout.read()
    assert json.loads(output.splitlines()[-1])["result"]["stages"][0]["visits"] == 60
    assert len(output) < 200_000
    assert b"s" * 40 not in output
    assert b"password" not in output


def test_it_imports_only_what_a_process_of_its_own_may() -> None:
    """It is imported nowhere else: gevent would patch that process."""
    package = Path(__file__).parents[4] / "runbook_lib"
    named = [path for path in package.rglob("*.py") if "load.generator import" in path.read_text()
             or "load.locust_user import" in path.read_text()]
    assert [path.name for path in named] == ["generator.py"]
