"""Runs that are stopped at every kind of moment: one deployment of v3.2.0, interrupted again and again, then finished.

The tests follow one another on the same server, as an unlucky night would; each leaves what the next one finds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.resilience.prober import Prober
from tests.faults.operators import DIRECTORY, ActiveRun, FinishedRun, Operator, wait_for
from tests.lab_server import Lab

pytestmark = [pytest.mark.slow]
LINKS = "pkill -KILL -u deploy -x sshd"
REVISION = "SELECT version_num FROM alembic_version"

# how many releases were recorded, and how many images of the backend there are
MET = f"wc -l < {DIRECTORY}/.runbook/releases.jsonl; docker image ls --quiet gw2-backend | wc -l"


@pytest.fixture(scope="module", autouse=True)
def on_the_first_release(lab: Lab) -> None:
    """A server that never met the new release: no image, no container, no migration of it."""
    assert lab.on_server("sh", "-c", MET).split() == ["1", "1"], "restore it: python -m lab snapshot restore v3.1.0"
    serves_the_old_release(Operator(lab, Path()))


def deploy(operator: Operator, *words: str) -> ActiveRun:
    return operator.start("20_deploy", "-p", "ref=v3.2.0", *words, apply=True)


def served(operator: Operator) -> tuple[str, str]:
    """Status and version that users get."""
    reply = operator.lab.serving()
    return reply["status"], reply["version"]


def serves_the_old_release(operator: Operator) -> None:
    assert served(operator) == ("ok", "v3.1.0")


def is_undone(operator: Operator, ended: FinishedRun, step: str) -> None:
    """Stopped at `step`, everything before it undone, the old release serving, nothing left running."""
    assert (ended.code, ended.end["state"]) == (5, "rolled back"), ended.output
    assert ended.end["next_step"]
    assert ended.states[step] == "aborted", ended.states
    # a step whose files are put back first is undone in two parts
    undone = [event for event in ended.events if event["event"] == "undo_finished"]
    assert {event["state"] for event in undone} == {"rolled back"}
    assert {event["key"] for event in undone} == set(ended.undone)
    after = list(ended.states)[list(ended.states).index(step) + 1:]
    assert {ended.states[key] for key in after} <= {"not run"}
    serves_the_old_release(operator)
    assert nothing_half_done(operator.lab)


def nothing_half_done(lab: Lab) -> bool:
    """No one-off container, no container of the new release, no running job."""
    left = lab.on_server("docker", "ps", "--all", "--filter", "label=com.docker.compose.oneoff=True", "--format", "{{.Names}}")
    colours = lab.on_server("docker", "ps", "--all", "--filter", "name=green", "--format", "{{.Names}}")
    return left.split() + colours.split() == []


@contextmanager
def sql_lock(lab: Lab, table: str) -> Iterator[None]:
    """A forgotten transaction has read a table: others read and write it, and what changes the table itself waits."""
    psql = "docker exec -i $(docker ps -q --filter label=com.docker.compose.service=postgres) psql -U staging_user staging_db"
    hold = subprocess.Popen(lab.instance.inside("sh", "-c", psql), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert hold.stdin is not None
    assert hold.stdout is not None
    hold.stdin.write(f"BEGIN; LOCK TABLE {table} IN ACCESS SHARE MODE; SELECT 'held';\n")
    hold.stdin.flush()
    while "held" not in hold.stdout.readline():
        assert hold.poll() is None
    try:
        yield
    finally:
        hold.communicate(timeout=120)


def test_ctrl_c_while_facts_are_read_changes_nothing(operator: Operator) -> None:
    running = deploy(operator)
    running.until("target")
    running.ctrl_c()
    ended = operator.checked(running.wait())
    assert (ended.code, ended.end["state"]) == (1, "aborted"), ended.output
    assert not ended.has("lock_taken")
    serves_the_old_release(operator)


def test_ctrl_c_before_the_run_is_opened_leaves_no_run(operator: Operator) -> None:
    running = deploy(operator)
    # not in the first moments of Python itself: its traceback is nothing that a program of ours can catch
    wait_for(lambda: subprocess.run(("pgrep", "-P", str(running.process.pid)), capture_output=True).returncode == 0, "the worker")
    running.ctrl_c()
    ended = running.wait()
    assert ended.code == 1, ended.output
    assert "Traceback" not in ended.output, ended.output
    serves_the_old_release(operator)


def test_ctrl_c_during_the_build_ends_the_build(operator: Operator, lab: Lab) -> None:
    running = deploy(operator)
    running.until("step_started", "build-backend")
    running.ctrl_c()
    ended = operator.checked(running.wait())
    is_undone(operator, ended, "build-backend")
    # a build is ended on the engine; the finished backup stays, and is not called undone
    assert ended.undone == ["build-backend"]
    assert [event["key"] for event in ended.events if event["event"] == "step_kept"] == ["backup-dump", "backup-publish"]
    assert lab.on_server("sh", "-c", "pgrep -fa 'docker [b]uild' || echo none").strip() == "none"
    hosts = "docker ps --all --quiet | xargs docker inspect --format '{{.HostConfig.ExtraHosts}}' | grep -c build.invalid || true"
    assert lab.on_server("sh", "-c", hosts).strip() == "0"


def test_a_link_that_is_cut_does_not_stop_a_job_and_ctrl_c_during_the_migration_does(operator: Operator, lab: Lab) -> None:
    running = deploy(operator)
    running.until("step_started", "build-frontend")
    lab.on_server("sh", "-c", LINKS)
    with sql_lock(lab, "squads"):
        running.until("step_started", "migrate")
        time.sleep(2)
        running.ctrl_c()
        running.until("step_finished", "migrate")
    ended = running.wait()
    assert ended.states["build-frontend"] == "passed", ended.output
    is_undone(operator, operator.checked(ended), "migrate")


def test_ctrl_c_at_the_gate_and_again_during_the_undo(operator: Operator) -> None:
    running = deploy(operator)
    running.until("step_finished", "start")
    running.ctrl_c()
    running.until("undo_started")
    for _ in range(3):
        running.ctrl_c()
        time.sleep(0.3)
    is_undone(operator, operator.checked(running.wait()), "gate-internal")


def test_sigterm_to_the_runner_after_the_switch_gives_the_traffic_back(operator: Operator) -> None:
    running = deploy(operator)
    running.until("step_started", "gate-external")
    running.send(signal.SIGTERM)
    is_undone(operator, operator.checked(running.wait()), "gate-external")


def test_sigkill_of_the_runner_stops_the_run_as_ctrl_c_does(operator: Operator) -> None:
    running = deploy(operator)
    running.until("step_started", "start")
    running.send(signal.SIGKILL)
    ended = running.wait()
    assert ended.code == -signal.SIGKILL
    folder = ended.folder
    assert folder is not None
    wait_for((folder / "manifest.json").exists, "the seal")
    ended = FinishedRun(int(ended.end["exit_code"]), ended.output, ended.folder)
    is_undone(operator, operator.checked(ended), "start")


def test_sigkill_of_the_kernel_at_the_switch_is_told_by_the_runner_and_users_notice_nothing(operator: Operator, lab: Lab) -> None:
    with Prober(lab.instance.ports().https) as prober:
        running = deploy(operator)
        running.until("step_started", "switch")
        os.kill(running.kernel(), signal.SIGKILL)
        ended = running.wait()
        wait_for(operator.lock_is_free, "the lock", 60)  # a switch that had begun is finished
    operator.checked(ended)
    assert (ended.code, ended.end["state"]) == (1, "aborted"), ended.output
    assert ended.end["abandoned"] is True
    assert served(operator)[0] == "ok"
    assert (prober.failures, prober.probes > 20) == ([], True)


# a process for each process of the server, ten times a second, would cost a processor, and come round once in a second
WATCH = """while [ ! -e /tmp/enough ]; do cat /proc/[0-9]*/cmdline | tr '\\0' ' '; sleep 0.1; done 2>/dev/null"""


@contextmanager
def process_list(lab: Lab, into: Path) -> Iterator[None]:
    """Every command line on the server, containers included, ten times a second."""
    with into.open("wb") as file:
        look = subprocess.Popen(lab.instance.inside("sh", "-c", WATCH), stdin=subprocess.DEVNULL, stdout=file)
        try:
            yield
        finally:
            lab.on_server("touch", "/tmp/enough")
            look.wait(120)
            lab.on_server("rm", "/tmp/enough")


def test_running_again_finishes_and_no_secret_is_ever_on_a_command_line(operator: Operator, lab: Lab, tmp_path: Path) -> None:
    lab.on_server("sh", "-c", f"sed -i '$ s/$/ /' {DIRECTORY}/.env.secrets")  # so that they are delivered once more
    with process_list(lab, tmp_path / "processes"):
        ended = operator.checked(deploy(operator).wait())
    assert ended.code == 0, ended.output
    assert ended.states["deliver-secrets"] == "passed"
    assert served(operator) == ("ok", "v3.2.0")
    seen = (tmp_path / "processes").read_bytes()
    assert seen.count(b"compose") > 20
    for name, forms in operator.secret_forms().items():
        assert not any(form in seen for form in forms), f"{name} was on a command line"


def test_the_same_deployment_again_has_nothing_to_do_and_says_why(operator: Operator) -> None:
    ended = operator.run("20_deploy", "-p", "ref=v3.2.0", apply=True)
    assert (ended.code, ended.states) == (0, {}), ended.output
    (planned,) = [event for event in ended.events if event["event"] == "plan"]
    assert planned["plan"]["steps"] == []
    assert "already at" in planned["plan"]["reason"]
    assert not ended.has("lock_taken")


def test_ctrl_c_under_plain_papermill_frees_the_lock_and_tells_the_truth(operator: Operator) -> None:
    """Papermill kills a kernel that has not ended within five seconds, too few on a busy machine: the next start seals it."""
    for _ in range(3):
        running = operator.start_papermill("30_backup_database", "-r", "mode", "apply", "-r", "confirm", operator.lab.name)
        running.until("lock_taken")
        running.ctrl_c()
        ended = running.wait()
        wait_for(operator.lock_is_free, "the lock", 60)
        assert ended.code != 0
        assert operator.run("30_backup_database", apply=True).code == 0
        operator.checked(ended, traceback=True)
        assert ended.end["state"] in ("aborted", "rolled back")
        if not ended.end.get("abandoned"):
            break
    else:
        pytest.fail("No run has sealed itself in three.")
