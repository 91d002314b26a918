"""A run whose lock is broken while it works: it finds out before its next step, and leaves everything to the other."""

from __future__ import annotations

from runbook_lib.connections import open_connections
from runbook_lib.connections.lock import break_lock, lock_holder
from runbook_lib.environment import load_environment
from tests.faults.operators import DIRECTORY, Operator, wait_for
from tests.lab_server import Lab
from tests.notebooks.sample_notebooks import CLOSE, ProjectDir

FOLDER = f"{DIRECTORY}/.runbook/lost-lock"
PLAN = f'''\
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Plan, Step
D = "{FOLDER}"
plan = run.plan(Plan("try", run.environment.name, (
    Step("folder", "Make a folder", (Command(("mkdir", D)),), (Command(("rmdir", D)),)),
    Step("slow", "Take a while", (Command(("sh", "-c", f"touch {{D}}-begun; until [ -e {{D}}-broken ]; do sleep 0.1; done"), timeout_s=300),), (Command(("true",)),)),
    Step("more", "Do more", (Command(("touch", D + "/more")),), (Command(("rm", "-f", D + "/more")),)),
), undo_on_failure=True))'''


def test_a_run_that_lost_the_environment_neither_goes_on_nor_undoes(operator: Operator, lab: Lab, project_dir: ProjectDir) -> None:
    project_dir.add("10_try", PLAN, "run.execute(plan)", CLOSE)
    environment = load_environment(lab.environment)
    running = operator.start("10_try", apply=True)
    wait_for(lambda: lab.on_server("sh", "-c", f"ls -d {FOLDER}-begun 2>/dev/null || true") != "", "the job")
    with open_connections(environment) as connections:
        record = lock_holder(connections.server)
        assert record is not None
        break_lock(connections.server, environment, record["owner"], by="Ben")
    lab.on_server("touch", f"{FOLDER}-broken")
    ended = operator.checked(running.wait())
    assert lab.on_server("ls", "-A", FOLDER) == "", "neither gone nor filled"
    lab.on_server("rm", "-d", FOLDER, f"{FOLDER}-begun", f"{FOLDER}-broken")
    assert (ended.code, ended.end["state"]) == (1, "aborted"), ended.output
    assert ended.states == {"folder": "passed", "slow": "passed", "more": "aborted"}
    assert ended.undone == []
    assert ended.has("lock_lost")
    assert not ended.has("lock_released")
    assert all(words in ended.end["summary"] for words in ("lock was broken by Ben", "Nothing was undone"))
    assert ended.end["next_step"].startswith("Another operator has taken over")
