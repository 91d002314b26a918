"""The generator as a process: what it sends, that it ends with its parent, and that nothing it made is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections.load import LoadGenerator
from runbook_lib.core.errors import Refused, RunFailed
from tests.unit.connections.load.application import Application, job

Make = Callable[..., LoadGenerator]
LONG_S = 120.0  # how long a busy machine may take; nothing is proven by it


def eventually(true: Callable[[], Any]) -> None:
    limit = time.monotonic() + LONG_S
    while not true():
        assert time.monotonic() < limit, "it never came to be"
        time.sleep(0.05)


def result_of(generator: LoadGenerator) -> dict[str, Any]:
    eventually(lambda: generator.result() is not None)
    found = generator.result()
    assert found is not None
    return found


def test_each_user_of_the_open_model_arrives_and_nothing_is_left(application: Application, generator: Make) -> None:
    made = generator()
    made.start(job(loads=[5.0, 10.0], stage_s=2.0))
    result = result_of(made)
    assert result["ended"] == "limit"
    assert [(one["load"], one["visits"], one["works"]) for one in result["stages"]] == [(5.0, 10, 10), (10.0, 20, 20)]
    assert [one["counts"]["requests"] for one in result["stages"]] == [60, 120]
    assert (application.made, application.accounts, result["left_count"]) == (30, {}, 0)
    assert sum(row["requests"] for row in result["seconds"]) == 180


def test_users_of_the_closed_model_wait_for_their_replies(application: Application, generator: Make) -> None:
    application.delay_s = 0.2
    made = generator()
    made.start(job(model="closed", loads=[3], stage_s=4.0))
    result = result_of(made)
    stage = result["stages"][0]
    # three users cannot have more than three requests open, each for 0.2 s at least
    assert 0 < stage["counts"]["requests"] <= 3 * (stage["seconds"] + 20) / 0.2
    assert stage["counts"]["errors"] == 0
    assert (application.accounts, result["left_count"]) == ({}, 0)


def test_a_slow_server_does_not_slow_the_arrivals_down(application: Application, generator: Make) -> None:
    """Coordinated omission: a generator that waits for replies would send a few, and find the server quick."""
    application.delay_s = 1.0
    made = generator()
    made.start(job(loads=[10.0], stage_s=2.0))
    result = result_of(made)
    assert result["stages"][0]["visits"] == 20  # as many as were due, whatever the replies took
    assert result["stages"][0]["steps"]["open the page"]["requests"] == 20


def test_a_request_that_was_sent_late_is_timed_from_when_it_was_due(application: Application) -> None:
    from runbook_lib.core.histogram import histogram_of

    # in a process of its own: gevent would patch this one
    program = ("import sys, json, time; sys.path.insert(0, sys.argv[1])\n"
               "from runbook_lib.connections.load import generator as g\n"
               "job = json.loads(sys.stdin.readline())\n"
               "g.dial(job['url'], job['connect_to'])\n"
               "made = g.Generator(job)\n"
               "made._slots = g.BoundedSemaphore(1)\n"  # one visit at a time: later ones wait in this process
               "made.run()\n")
    application.delay_s = 0.15
    where = {"url": application.url, "connect_to": application.connect_to, "ca_file": application.ca_file, "seed": "s"}
    done = subprocess.run([sys.executable, "-c", program, str(Path(__file__).parents[4])], capture_output=True, text=True,
                          input=json.dumps(job(loads=[5.0], stage_s=2.0) | where) + "\n", check=True, timeout=LONG_S * 2)
    result = json.loads(done.stdout.splitlines()[-1])["result"]
    first, later = (histogram_of(result["stages"][0]["steps"][name]["times"]) for name in ("open the page", "read"))
    # the server took 0.15 s for each; the first request of the last visits waited for all visits before
    assert (first.percentile(95) or 0) > 4 * (later.percentile(50) or 0)


def test_the_error_budget_ends_the_load(application: Application, generator: Make) -> None:
    application.fails = {"/items": 500}
    made = generator()
    made.start(job(loads=[10.0], stage_s=120.0))
    result = result_of(made)
    assert result["ended"] == "error budget"
    assert result["stages"][0]["reasons"] == {"read: status 500": result["stages"][0]["counts"]["errors"]}
    assert application.accounts == {}


def test_too_few_requests_are_no_error_rate(application: Application, generator: Make) -> None:
    application.fails = {"/": 500}
    made = generator()
    made.start(job(loads=[2.0], stage_s=2.0))
    assert result_of(made)["ended"].startswith("knee")  # after the stage, not by the budget


def test_what_the_rate_limit_refuses_is_counted_apart(application: Application, generator: Make) -> None:
    application.fails = {"/items": 429}
    made = generator()
    made.start(job(loads=[10.0], stage_s=3.0))
    counts = result_of(made)["stages"][0]["counts"]
    assert counts["errors"] == 0
    assert counts["limited"] == 30


def test_no_redirect_is_followed(application: Application, generator: Make) -> None:
    application.fails = {"/": 302}
    made = generator()
    made.start(job(loads=[5.0], stage_s=2.0))
    assert result_of(made)["stages"][0]["reasons"] == {"open the page: status 302": 10}


def test_a_stop_ends_it_and_removes_what_was_made(application: Application, generator: Make) -> None:
    made = generator()
    made.start(job(loads=[10.0], stage_s=300.0))
    application.delay_s = 0.5
    eventually(lambda: application.accounts)
    result = made.end()
    assert result is not None
    assert (result["ended"], result["left_count"]) == ("stopped", 0)
    assert application.accounts == {}
    sent = len(application.requests)
    assert (made.running, len(application.requests)) == (False, sent)


def killed(application: Application, generator: Make) -> LoadGenerator:
    """A generator that was killed in the middle of its visits, with accounts left."""
    made = generator()
    application.delay_s = 0.5
    # eight removals at a time, 3 s each: of more arrivals a second, more numbers may be unreported
    made.start(job(loads=[2.0], stage_s=300.0))
    eventually(lambda: application.accounts and made.progress().get("open"))
    assert made._process is not None
    os.killpg(made._process.pid, signal.SIGKILL)
    application.delay_s = 0.0
    return made


def test_a_generator_that_is_killed_leaves_nothing(application: Application, generator: Make) -> None:
    made = killed(application, generator)
    with pytest.raises(RunFailed, match="what its visits made was removed"):
        eventually(lambda: made.result())
    assert application.made > 0
    assert application.accounts == {}


def test_the_end_of_a_killed_generator_removes_as_well(application: Application, generator: Make) -> None:
    made = killed(application, generator)
    assert made.end() == {"left": [], "left_count": 0}
    assert made.end() == {"left": [], "left_count": 0}  # asked again: the same
    assert application.accounts == {}


def test_accounts_that_a_killed_generator_left_and_no_one_removes_are_counted(application: Application, generator: Make) -> None:
    made = killed(application, generator)
    application.fails = {"/me": 500}
    left = made.end()
    assert left is not None
    assert left["left_count"] >= len(application.accounts) > 0


def test_a_reply_that_lacks_what_the_flow_needs_is_an_error(application: Application, generator: Make) -> None:
    """A page of an error with status 200: without its token the rest of the flow is never sent, and so never fails."""
    application.fails = {"/login": 200}
    made = generator()
    made.start(job(loads=[5.0], stage_s=2.0, error_budget_percent=100.0))
    stage = result_of(made)["stages"][0]
    assert stage["reasons"] == {"log in: the reply lacks what is to be kept": 10}
    assert (stage["works"], stage["counts"]["errors"], stage["steps"]["log in"]["errors"]) == (0, 10, 10)


def test_a_parent_that_is_killed_takes_the_load_along(application: Application) -> None:
    """Whatever kills the kernel: the generator's input ends, it stops sending and removes what it made."""
    program = ("import sys, json, time; sys.path.insert(0, sys.argv[1])\n"
               "from runbook_lib.connections.load import LoadGenerator\n"
               "task, where = json.loads(sys.stdin.readline())\n"
               "made = LoadGenerator(**where, allowed=True)\n"
               "made.start(task)\n"
               "print(made._process.pid, flush=True)\n"
               "time.sleep(600)\n")
    application.delay_s = 0.5
    where = {"url": application.url, "connect_to": application.connect_to, "ca_file": application.ca_file}
    with subprocess.Popen([sys.executable, "-c", program, str(Path(__file__).parents[4])], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True, start_new_session=True) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(json.dumps([job(loads=[5.0], stage_s=300.0), where]) + "\n")
        parent.stdin.flush()
        generator = int(parent.stdout.readline())
        eventually(lambda: application.accounts)
        os.killpg(parent.pid, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{generator}").exists() or "State:\tZ" in Path(f"/proc/{generator}/status").read_text())
    assert application.accounts == {}


def test_plan_mode_sends_nothing(application: Application, generator: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **options: pytest.fail("a process was started"))
    with pytest.raises(Refused, match="plan mode"):
        generator(allowed=False).start(job())
    assert application.requests == []


def test_one_load_at_a_time(application: Application, generator: Make) -> None:
    made = generator()
    made.start(job(loads=[1.0], stage_s=300.0))
    with pytest.raises(Refused, match="in progress"):
        made.start(job())


def test_no_secret_is_in_argv_or_in_its_environment(application: Application, generator: Make,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_DB_PASSWORD", "canary-of-the-environment")
    application.delay_s = 0.2  # an account lives for four requests: without a pause, too short to be met for most of a minute
    made = generator()
    made.start(job(loads=[2.0], stage_s=300.0))
    passwords: set[str] = set()

    def known() -> set[str]:
        passwords.update(application.accounts.copy().values())
        return passwords

    eventually(known)
    assert made._process is not None
    proc = Path(f"/proc/{made._process.pid}")
    seen = (proc / "cmdline").read_bytes() + (proc / "environ").read_bytes()
    for secret in ("canary-of-the-environment", made._job["seed"], *passwords):
        assert secret.encode() not in seen
    assert made._job["seed"] not in json.dumps(made.end())


def test_another_servers_certificate_is_refused(application: Application) -> None:
    """The authorities of the system do not vouch for the environment's name where it names its own."""
    made = LoadGenerator(application.url, connect_to=application.connect_to, ca_file=None, allowed=True)
    made.start(job(loads=[5.0], stage_s=2.0))
    counts = result_of(made)["stages"][0]["counts"]
    made.close()
    assert (counts["replies"], counts["errors"]) == (0, 10)
    assert application.requests == []


def test_a_generator_that_cannot_start_says_why(application: Application) -> None:
    made = LoadGenerator(application.url, connect_to=application.connect_to, ca_file="/nowhere/ca.pem", allowed=True)
    made.start(job())
    with pytest.raises(RunFailed, match="No such file"):
        eventually(lambda: made.result())


def test_nothing_of_gevent_reaches_this_process() -> None:
    program = ("import sys\nimport runbook_lib.connections.load\n"
               "assert not {'gevent', 'locust'} & set(sys.modules)\n")
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=Path(__file__).parents[4]).returncode == 0
