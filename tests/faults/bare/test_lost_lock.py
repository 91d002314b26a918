"""A run whose lock is broken while it works: it finds out before its next step, and leaves everything to the other."""

from __future__ import annotations

from runbook_lib.connections import open_connections
from runbook_lib.connections.lock import break_lock, lock_holder
from runbook_lib.environment import load_environment
from tests.faults.operators import DIRECTORY, Operator
from tests.lab_server import Lab
from tests.notebooks.sample_notebooks import CLOSE, ProjectDir

PLAN = f'''\
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Plan, Step
D = "{DIRECTORY}/.runbook/lost-lock"
plan = run.plan(Plan("try", run.environment.name, (
    Step("folder", "Make a folder", (Command(("mkdir", D)),), (Command(("rmdir", D)),)),
    Step("slow", "Take a while", (Command(("sleep", "4")),), (Command(("true",)),)),
    Step("more", "Do more", (Command(("touch", D + "/more")),), (Command(("rm", "-f", D + "/more")),)),
), undo_on_failure=True))'''


def test_a_run_that_lost_the_environment_neither_goes_on_nor_undoes(operator: Operator, lab: Lab, project_dir: ProjectDir) -> None:
    project_dir.add("10_try", PLAN, "run.execute(plan)", CLOSE)
    environment = load_environment(lab.environment)
    running = operator.start("10_try", apply=True)
    running.until("step_started", "slow")
    with open_connections(environment) as connections:
        record = lock_holder(connections.server)
        assert record is not None
        break_lock(connections.server, environment, record["owner"], by="Ben")
    ended = operator.checked(running.wait())
    assert lab.on_server("ls", "-A", f"{DIRECTORY}/.runbook/lost-lock") == "", "neither gone nor filled"
    lab.on_server("rmdir", f"{DIRECTORY}/.runbook/lost-lock")
    assert (ended.code, ended.end["state"]) == (1, "aborted"), ended.output
    assert ended.states == {"folder": "passed", "slow": "passed", "more": "aborted"}
    assert ended.undone == []
    assert ended.has("lock_lost")
    assert not ended.has("lock_released")
    assert all(words in ended.end["summary"] for words in ("lock was broken by Ben", "Nothing was undone"))
    assert ended.end["next_step"].startswith("Another operator has taken over")
