"""What sample runs are made of: a journal as a run would write it, and a plan that is executed in it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder, new_run, seal
from runbook_lib.core.commands import Command, Pipeline
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.core.redaction import Redactor, Secret

SECRET = Secret("STAGING_DB_PASSWORD", "hunter2-battery-staple")
COMMIT = "4f2c1d9e7ab30c5518e2f6d4b9a7c1e03f5d8a26"
BUILDERS: dict[str, Callable[[Path], RunFolder]] = {}


def sample(build: Callable[[Path], RunFolder]) -> Callable[[Path], RunFolder]:
    BUILDERS[build.__name__] = build
    return build


def begin(outputs: Path, notebook: str, *, mode: str = "apply", reason: str = "") -> tuple[RunFolder, Journal]:
    folder = new_run(notebook, outputs, Redactor([SECRET]))
    journal = Journal(folder, folder.redactor)
    parameters = {"environment": "lab", "mode": mode, "ref": "v3.2.0", "confirm": "lab", "reason": reason}
    journal.write("run_started", run_id=folder.run_id, notebook=notebook, environment="lab", parameters=parameters,
                  mode=mode, operator="m.keller", host="ops-laptop", reason=reason,
                  versions={"python": "3.11.2", "runbook_lib": "0.1.0", "docker": "26.1.5", "compose": "2.26.1"},
                  git={"commit": "9b1f0c77", "clean": True}, redacted=[SECRET.name, "STAGING_SECRET_KEY"])
    journal.write("target", name="lab", title="Lab: a whole staging server on this machine",
                  server="deploy@127.0.0.1:2222", url="https://staging.gw2wvwbuilder.example.com")
    return folder, journal


def deploy_plan() -> Plan:
    compose = ("docker", "compose", "--project-directory", "/opt/gw2-wvwbuilder")

    def step(key: str, title: str, *argv: str, undo: tuple[tuple[str, ...], ...] = (), why: str = "") -> Step:
        return Step(key, title, (Command(argv),), tuple(Command(words) for words in undo), why)

    return Plan(
        "deploy", "lab", undo_on_failure=True, facts={"live": "blue", "commit": COMMIT},
        skipped=(SkippedStep("Build the frontend image", "gw2-frontend:4f2c1d9e7ab3 exists and carries this commit"),),
        steps=(
            step("pre-image", "Record the current state", "cat", ".env", why="A rollback restores this state."),
            Step("backup", "Back up the database",
                 (Pipeline((Command(("pg_dump", "--format=plain", "staging_db")), Command(("gzip", "-6"))),
                           to="/backups/postgres/.staging_db.sql.gz.partial"),),
                 why="A verified dump from the minute before the migration."),
            step("build", "Build the backend image", "docker", "build", "-t", f"gw2-backend:{COMMIT[:12]}", "-"),
            step("migrate", "Migrate the database", *compose, "run", "--rm", "backend-green", "alembic", "upgrade",
                 "head", undo=((*compose, "run", "--rm", "backend-green", "alembic", "downgrade", "a1b2c3"),),
                 why="In a one-off container of the new image, with a lock timeout, before the new release is live."),
            step("start", "Start the green colour", *compose, "up", "-d", "--wait", "backend-green", "frontend-green",
                 undo=((*compose, "stop", "backend-green", "frontend-green"),)),
            step("gate", "Verify the new release before switching traffic",
                 "curl", "-fsS", "http://backend-green:8000/health"),
            step("switch", "Switch nginx to green", "nginx", "-s", "reload", undo=(("nginx", "-s", "reload"),)),
            step("record", "Write the release record", "tee", "-a", ".runbook/releases.jsonl"),
        ))


SECONDS = {"pre-image": 0.4, "backup": 6.2, "build": 21.7, "migrate": 3.1, "start": 9.4, "gate": 7.0, "switch": 1.3,
           "record": 0.2}


def walk(folder: RunFolder, journal: Journal, plan: Plan, *, fails: str = "", state: str = "failed", message: str = "",
         stderr: str = "") -> None:
    """The events of executing a plan; elapsed times are stretched to look like a real run's."""
    journal.write("plan", plan=plan, hash=plan.hash)
    journal.write("confirmed", operator="m.keller", environment="lab")
    journal.write("lock_taken", purpose="deploy")
    at, failed = 4.0, False
    for step in plan.steps:
        if failed:
            journal.write("step_finished", key=step.key, state="not run")
            continue
        journal._base_s = at
        journal.write("step_started", key=step.key, title=step.title, undo=[str(action) for action in step.undo])
        failed = step.key == fails
        log = folder.evidence(f"{step.key}.out.txt", f"{step.title}\nwith password {SECRET.reveal()}\ndone\n")
        files = [log, folder.evidence(f"{step.key}.err.txt", stderr)] if failed else [log]
        seconds = SECONDS.get(step.key, 1.0)
        journal.write("step_finished", key=step.key, state=state if failed else "passed", seconds=seconds,
                      exit_code=1 if failed else 0, evidence=files, message=message if failed else "")
        at += seconds + 0.2
    journal._base_s = at


def finish(folder: RunFolder, journal: Journal, verdict: str, exit_code: int, summary: str, *, state: str = "finished",
           sealed: bool = True) -> RunFolder:
    journal.write("lock_released")
    journal.write("run_finished", verdict=verdict, state=state, exit_code=exit_code, summary=summary)
    journal.close()
    if sealed:
        seal(folder)
    return folder


def latencies(seed: int = 7, count: int = 1200) -> list[float]:
    chance = random.Random(seed)
    return [min(1.4, chance.lognormvariate(-2.4, 0.55)) for _ in range(count)]
