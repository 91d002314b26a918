"""Plans walked on a real server by real notebooks: done, undone, stopped, and plan mode that leaves no trace."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from lab.resilience.runner import wait_for
from runbook_lib.archive import journal
from runbook_lib.archive.runs import list_runs, verify
from runbook_lib.connections import OpenConnections
from runbook_lib.connections.lock import EnvironmentLock
from runbook_lib.core.findings import Verdict
from runbook_lib.environment import Environment
from runbook_lib.headless import HeadlessOutcome, run_notebook
from tests.lab.conftest import Lab
from tests.notebooks.sample_notebooks import CLOSE, ProjectDir

JOBS_HELD = "flock -n /opt/gw2-wvwbuilder/.runbook/jobs.lock echo free || true"
PLAN = '''\
from runbook_lib.core.commands import Command, Pipeline, WriteFile
from runbook_lib.core.plan import Plan, Step
D = "/opt/gw2-wvwbuilder/.runbook/execution-test"
steps = (
    Step("folder", "Make a folder", (Command(("mkdir", "-p", D)),), (Command(("rm", "-rf", D)),)),
    Step("file", "Write a secret", (WriteFile(D + "/s", run.secrets["STAGING_DB_PASSWORD"], 0o600),
         Command(("cat", D + "/s")), Pipeline((Command(("seq", "100000")), Command(("cat",)))))),
    LAST
)
plan = run.plan(Plan("try", run.environment.name, steps, undo_on_failure=True))
plan'''
FOLDER = "/opt/gw2-wvwbuilder/.runbook/execution-test"


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectDir:
    made = ProjectDir(tmp_path / "home")
    monkeypatch.setenv("RUNBOOK_HOME", str(made.path))
    return made


def ran(project_dir: ProjectDir, lab: Lab, last: str = "", *, mode: str = "apply") -> HeadlessOutcome:
    project_dir.add("10_try", PLAN.replace("LAST", last), "run.execute(plan)", CLOSE)
    outcome = run_notebook("try", {"environment": lab.environment, "mode": mode, "confirm": lab.name})
    assert outcome.folder is not None
    assert all(one.verdict is Verdict.PASSED for one in verify(outcome.folder))
    return outcome


def states(outcome: HeadlessOutcome) -> dict[str, str]:
    assert outcome.folder is not None
    events = journal.read(outcome.folder)
    assert [one["event"] for one in events if one["event"].startswith("lock_")] == ["lock_taken", "lock_released"]
    return {one["key"]: one["state"] for one in events if one["event"] == "step_finished"}


def is_there(lab: Lab, path: str) -> bool:
    return lab.on_server("sh", "-c", f"test -e {path} && echo yes || echo no").strip() == "yes"


def test_a_plan_is_walked_and_what_a_command_says_is_redacted_evidence(project_dir: ProjectDir, lab: Lab) -> None:
    outcome = ran(project_dir, lab)
    assert outcome.exit_code == 0
    assert states(outcome) == {"folder": "passed", "file": "passed"}
    assert outcome.folder is not None
    secret = lab.on_server("cat", f"{FOLDER}/s").encode()
    assert len(secret) > 8
    assert not [path for path in outcome.folder.rglob("*") if path.is_file() and secret in path.read_bytes()]
    assert "‹STAGING_DB_PASSWORD›" in (outcome.folder / "evidence" / "file-2.out.txt").read_text()
    long = (outcome.folder / "evidence" / "file-3.out.txt").read_text()
    assert "99999\n100000" in long
    assert len(long) < 200_000
    lab.on_server("rm", "-rf", FOLDER)


def test_a_failing_step_undoes_what_was_done(project_dir: ProjectDir, lab: Lab) -> None:
    outcome = ran(project_dir, lab, 'Step("bad", "Fail", (Command(("ls", "/nowhere")),)),')
    assert (outcome.exit_code, outcome.state) == (5, "rolled back")
    assert "/nowhere" in outcome.summary
    assert states(outcome)["bad"] == "failed"
    assert not is_there(lab, FOLDER)


def test_a_step_that_takes_too_long_is_stopped_on_the_server(project_dir: ProjectDir, lab: Lab) -> None:
    outcome = ran(project_dir, lab, 'Step("slow", "Sleep", (Command(("sleep", "4711"), timeout_s=2),)),')
    assert outcome.exit_code == 5
    assert states(outcome)["slow"] == "timed out"
    assert lab.on_server("sh", "-c", "pgrep -f '^sleep 4711' || echo none").strip() == "none"


def test_ctrl_c_stops_the_job_undoes_and_frees_the_lock(project_dir: ProjectDir, lab: Lab) -> None:
    def interrupt() -> None:
        wait_for(lambda: lab.on_server("sh", "-c", "pgrep -f '^sleep 4712' || true") != "", "the job", 120)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    outcome = ran(project_dir, lab, 'Step("slow", "Sleep", (Command(("sleep", "4712"), timeout_s=300),)),')
    assert (outcome.exit_code, outcome.state) == (5, "rolled back")
    assert states(outcome)["slow"] == "aborted"
    assert "was aborted: stopped by Ctrl-C or another interrupt (SIGINT)" in outcome.summary
    assert not is_there(lab, FOLDER)
    assert lab.on_server("sh", "-c", "pgrep -f '^sleep 4712' || echo none").strip() == "none"
    assert ran(project_dir, lab).exit_code == 0
    lab.on_server("rm", "-rf", FOLDER)


def test_a_killed_kernel_leaves_a_free_lock_and_an_honest_journal(project_dir: ProjectDir, lab: Lab, outputs: Path) -> None:
    from tests.notebooks.sealed_runs import lock_holder_process

    def kill() -> None:
        # not at the journal's word that the step has begun: its job begins later, and may then never do so
        wait_for(lambda: is_there(lab, f"{FOLDER}-begun"), "the job", 120)
        os.kill(lock_holder_process(list_runs(outputs)[-1].path), signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    waits = 'Step("slow", "S", (Command(("sh", "-c", f"touch {D}-begun; until [ -e {D}-over ]; do sleep 0.1; done"), timeout_s=300),)),'
    project_dir.add("10_try", PLAN.replace("LAST", waits), "run.execute(plan)", CLOSE)
    outcome = run_notebook("try", {"environment": lab.environment, "mode": "apply", "confirm": lab.name})
    assert (outcome.exit_code, outcome.state) == (1, "aborted")
    # the job that outlived its kernel holds others out until it ends
    assert lab.on_server("sh", "-c", JOBS_HELD).strip() == ""
    lab.on_server("touch", f"{FOLDER}-over")
    wait_for(lambda: lab.on_server("sh", "-c", JOBS_HELD).strip() == "free", "the end of the job", 60)
    assert ran(project_dir, lab).exit_code == 0
    lab.on_server("rm", "-rf", FOLDER, f"{FOLDER}-begun", f"{FOLDER}-over")


def test_a_lock_that_another_run_holds_is_shown_before_the_plan_is_there(
    project_dir: ProjectDir, lab: Lab, environment: Environment, connections: OpenConnections
) -> None:
    ask = "from runbook_lib import platform\nrun.ask(platform.survey_server(run.environment))"
    project_dir.add("10_try", ask, PLAN.replace("LAST", ""), "run.execute(plan)", CLOSE)
    with EnvironmentLock(connections.server, environment, "jane@desk", "20261122T120000Z-abcdef", "deploy v9"):
        outcome = run_notebook("try", {"environment": lab.environment})
        refused = run_notebook("try", {"environment": lab.environment, "mode": "apply", "confirm": lab.name})
    assert (refused.exit_code, refused.summary.partition(" since ")[0]) == (3, "jane@desk has held the lock")
    assert refused.folder is not None and not [one for one in journal.read(refused.folder) if one["event"] == "fact"]
    assert outcome.exit_code == 0 and outcome.folder is not None
    events = journal.read(outcome.folder)
    (held,) = [one for one in events if one["event"] == "lock_held"]
    assert held["text"].startswith("The lock is held: jane@desk, for deploy v9 since ")
    assert held["seq"] < next(one["seq"] for one in events if one["event"] == "plan")
    outcome = run_notebook("try", {"environment": lab.environment})
    assert outcome.folder is not None
    assert not [one for one in journal.read(outcome.folder) if one["event"] == "lock_held"]


def test_plan_mode_leaves_no_trace_on_the_server(project_dir: ProjectDir, lab: Lab) -> None:
    look = "find /opt/gw2-wvwbuilder/.runbook /backups -printf '%p %T@ %s\\n' 2>/dev/null | sort | sha256sum"
    before = lab.on_server("sh", "-c", look)
    outcome = ran(project_dir, lab, mode="plan")
    assert outcome.verdict == "not applied"
    assert lab.on_server("sh", "-c", look) == before


FILL = '''Step("fill", "Fill the disk of the archive", (Gate("fill", (Question("fill", fill),), lambda full: (finding("full", full),),
    success_threshold=1), Command(("true",)))), Step("never", "Never done", (Command(("touch", D + "/never")),))'''
FILLING = '''\
import os
from contextlib import suppress
from runbook_lib.core.findings import finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.questions import Question
def fill(connections):
    with open(os.path.join(os.environ["RUNBOOK_OUTPUTS"], "filling"), "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 512)
    return True'''


def test_an_archive_that_fills_up_during_a_step_leads_to_the_undo(
    project_dir: ProjectDir, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk), check=True)
    monkeypatch.setenv("RUNBOOK_OUTPUTS", str(disk))
    try:
        project_dir.add("10_try", FILLING, PLAN.replace("LAST", FILL), "run.execute(plan)", CLOSE)
        outcome = run_notebook("try", {"environment": lab.environment, "mode": "apply", "confirm": lab.name})
        assert outcome.exit_code == 5, outcome.summary
        assert "could not be" in outcome.summary
        assert not is_there(lab, FOLDER), "what was done is undone, though none of it could be written down"
    finally:
        subprocess.run(("umount", "--lazy", disk), check=True)
    assert JOBS_HELD and lab.on_server("sh", "-c", JOBS_HELD).strip() == "free"
