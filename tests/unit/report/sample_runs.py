"""Realistic run folders, written through the journal as a run would: for tests, and for a browser."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder, new_run, seal
from runbook_lib.core.commands import Command, Pipeline
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.platform import charts
from runbook_lib.recovery.charts import sizes_over_time
from runbook_lib.release.charts import latency_distribution

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


@sample
def passed_deploy(outputs: Path) -> RunFolder:
    folder, journal = begin(outputs, "20_deploy", reason="Release v3.2.0, change 1184")
    journal.write("fact", name="containers", seconds=0.21, value=[
        {"name": "backend-blue", "state": "running", "health": "healthy", "restarts": 0, "memory_bytes": 213_000_000},
        {"name": "postgres", "state": "running", "health": "healthy", "restarts": 0, "memory_bytes": 391_000_000}])
    journal.write("fact", name="release", seconds=0.05, value={"version": "v3.1.0", "commit": COMMIT, "colour": "blue"})
    walk(folder, journal, deploy_plan())
    journal.write("findings", stage="did it work", findings=[
        Finding("all services healthy", Verdict.PASSED, "13 of 13", "13"),
        Finding("release served", Verdict.PASSED, "v3.2.0 (4f2c1d9)", "v3.2.0 (4f2c1d9)"),
        Finding("schema revision", Verdict.PASSED, "b7d2e4", "b7d2e4"),
        Finding("write and read through nginx", Verdict.PASSED, "squad 60412 in 38 ms", "read back unchanged")])
    journal.write("cell", index=1, source='run = open_run("20_deploy", globals())', outputs=[
        {"output_type": "stream", "name": "stdout", "text": "lab · apply\n"}])
    return finish(folder, journal, "passed", 0, "Version v3.2.0 (4f2c1d9) is live on lab.")


@sample
def verified_with_warning(outputs: Path) -> RunFolder:
    folder, journal = begin(outputs, "21_verify", mode="plan", reason="After the release of v3.2.0")
    figure = latency_distribution(latencies(), 0.5)
    journal.write("shown", title="Response times through nginx", chart=folder.chart("latency", charts.to_svg(figure)))
    memory = [("backend-green", 312e6, 512 * 2**20), ("frontend-green", 21e6, 256 * 2**20), ("postgres", 1.0e9, 2**30),
              ("redis", 38e6, 512 * 2**20), ("prometheus", 96e6, None), ("nginx", 14e6, 128 * 2**20)]
    drawn = charts.to_svg(charts.memory_against_limits(memory))
    journal.write("shown", title="Memory", chart=folder.chart("memory", drawn))
    journal.write("shown", title="Slowest routes", table={"columns": ["route", "requests", "p95"], "rows": [
        ["/api/v1/squads", 412, "214 ms"], ["/api/v1/builds", 388, "167 ms"], ["/api/v1/auth/login", 60, "301 ms"]]})
    journal.write("findings", stage="success criteria", findings=[
        Finding("response time p95", Verdict.PASSED, "214 ms", "below 500 ms"),
        Finding("error rate", Verdict.PASSED, "0.00 % of 1,200", "below 1 %"),
        Finding("frontend assets", Verdict.PASSED, "3 of 3 hashes", "as built"),
        Finding("memory of postgres", Verdict.WARNING, "93 % of 1 GiB", "below 90 %",
                "Open 40 Health, section memory; shared_buffers may be too large for the limit.")])
    return finish(folder, journal, "warning", 0, "3 of 4 checks passed, 1 warning.")


GATE_FAULT = "backend-green /health returned 503 in 12 of 12 probes: database is down"
GATE_HINT = "Compare DATABASE_URL in backend/.env.staging of v3.3.0-rc1 with v3.1.0."
STEP_FAILED = f"Step 6 of 8, 'Verify the new release before switching traffic', failed: {GATE_FAULT}"


def failing_deploy(outputs: Path) -> tuple[RunFolder, Journal]:
    """A deployment whose gate before the switch does not open, up to the undo."""
    folder, journal = begin(outputs, "20_deploy", reason="Release v3.3.0-rc1")
    walk(folder, journal, deploy_plan(), fails="gate", message=GATE_FAULT, stderr="\n".join(
        f"probe {n:2d}  503  {{'status': 'degraded', 'checks': {{'database': 'connection refused', 'redis': 'ok'}}}}"
        for n in range(1, 13)))
    journal.write("findings", stage="gate: before the switch", findings=[
        Finding("database reachable from green", Verdict.FAILED, "connection refused", "answers within 1 s", GATE_HINT)])
    return folder, journal


@sample
def failed_and_rolled_back(outputs: Path) -> RunFolder:
    folder, journal = failing_deploy(outputs)
    for key in ("start", "migrate"):
        journal.write("undo_started", key=key)
        journal.write("undo_finished", key=key, state="rolled back")
    journal.write("findings", stage="gate: after the rollback", findings=[
        Finding("live release", Verdict.PASSED, "v3.1.0 (a8c0771)", "v3.1.0 (a8c0771)"),
        Finding("/health", Verdict.PASSED, "200 in 21 ms", "200")])
    what = (f"{STEP_FAILED}\nEverything done so far was undone (2 steps). "
            "External verification passed: what ran before answers again.")
    journal.write("error", type="RolledBack", what=what, where="lab, step gate",
                  next_step=f"{GATE_HINT} Fix the release and deploy again. Run 21 Verify to check the live release.")
    return finish(folder, journal, "failed", 5, what, state="rolled back")


@sample
def rollback_failed(outputs: Path) -> RunFolder:
    """The worst outcome: the gate does not open, and one undo fails too."""
    folder, journal = failing_deploy(outputs)
    journal.write("undo_started", key="start")
    journal.write("undo_finished", key="start", state="rolled back")
    journal.write("undo_started", key="migrate")
    journal.write("undo_finished", key="migrate", state="rollback failed", exit_code=1,
                  message="exit code 1: FATAL: lock timeout",
                  evidence=[folder.evidence("migrate-undo-1.err.txt", "FATAL: canceling statement due to lock timeout")])
    journal.write("shown", title="State after the failed rollback", highlight=True, table={
        "columns": ["", "value"], "rows": [["live colour", "blue"], ["schema revision", "b7d2e4"],
                                           ["containers", "13 running"]]})
    what = (f"ROLLBACK FAILED: manual intervention required. {STEP_FAILED}\n"
            "Undoing 'Migrate the database' failed too: exit code 1: FATAL: lock timeout\n"
            "Undone: Start the green colour.\nNow: live colour: blue; schema revision: b7d2e4; containers: 13 running.")
    journal.write("error", type="RollbackFailed", what=what, where="lab, step gate, during the rollback",
                  next_step="Do not deploy over it. Open 22 Rollback for the last good release: it works from any "
                  "partial state. Call the backend lead; the report lists what was undone and what was not.")
    return finish(folder, journal, "failed", 6, what, state="rollback failed")


@sample
def inconclusive(outputs: Path) -> RunFolder:
    folder, journal = begin(outputs, "21_verify", mode="plan")
    journal.write("findings", stage="monitoring", findings=[
        Finding("error rate", Verdict.INCONCLUSIVE, "no samples", "below 1 %", "Start Prometheus, then run again."),
        Finding("endpoints", Verdict.PASSED, "5 of 5", "5")])
    journal.write("error", type="EndpointUnavailable", what="Prometheus does not answer: connection refused.",
                  where="127.0.0.1:9090", next_step="Start it: `docker compose up -d prometheus`; then run again.")
    return finish(folder, journal, "inconclusive", 4, "1 of 2 checks inconclusive: error rate.")


@sample
def plan_only(outputs: Path) -> RunFolder:
    folder, journal = begin(outputs, "20_deploy", mode="plan", reason="What would v3.2.0 change?")
    plan = deploy_plan()
    journal.write("plan", plan=plan, hash=plan.hash)
    journal.write("findings", stage="as it is now (not applied)", counts=False, findings=[
        Finding("release served", Verdict.FAILED, "v3.1.0", "v3.2.0", "Run the plan with mode apply.")])
    return finish(folder, journal, "not applied", 0, "Plan mode: nothing was changed.")


@sample
def nothing_to_do(outputs: Path) -> RunFolder:
    folder, journal = begin(outputs, "20_deploy")
    plan = Plan("deploy", "lab", reason="v3.2.0 (4f2c1d9) is live already and healthy")
    journal.write("plan", plan=plan, hash=plan.hash)
    return finish(folder, journal, "passed", 0, "v3.2.0 is live already.")


@sample
def backup(outputs: Path) -> RunFolder:
    folder, journal = begin(outputs, "30_backup_database", reason="Nightly")
    first = datetime(2026, 10, 24, 2, tzinfo=UTC)
    rows = [(first + timedelta(days=day), 41e6 + day * 4e5) for day in range(29)]
    drawn = charts.to_svg(sizes_over_time(rows))
    journal.write("shown", title="Backup sizes", chart=folder.chart("sizes", drawn))
    return finish(folder, journal, "passed", 0, "staging_db_20261122_020000.sql.gz (50.3 MiB), written and verified.")


HELD = ("j.ito has held the lock since 2026-11-22T16:02:11Z for deploy (run 20261122T160205Z-1b2c3d, from ops-2, last "
        "heartbeat 2026-11-22T16:04:58Z).")


@sample
def refused(outputs: Path) -> RunFolder:
    folder, journal = begin(outputs, "20_deploy")
    journal.write("error", type="LockHeld", what=HELD,
                  where="deploy@127.0.0.1:2222: lab", next_step="Wait until that run has finished, or contact the owner.")
    return finish(folder, journal, "failed", 3, HELD, state="refused")


@sample
def killed(outputs: Path) -> RunFolder:
    """A run whose process is gone in the middle of a step, its last line torn."""
    folder, journal = begin(outputs, "20_deploy", reason="Release v3.2.0")
    plan = deploy_plan()
    journal.write("plan", plan=plan, hash=plan.hash)
    journal.write("step_started", key="pre-image", title="Record the current state")
    journal.write("step_finished", key="pre-image", state="passed", seconds=0.4, exit_code=0)
    journal.write("step_started", key="backup", title="Back up the database")
    journal.close()
    with (folder.path / "journal.jsonl").open("ab") as file:
        file.write(b'{"seq": 8, "at": "2026-11-22T16:0')
    return folder


HOSTILE = '<script>alert("x")</script><img src=https://evil.example/x.png onerror=alert(1)>'


@sample
def hostile(outputs: Path) -> RunFolder:
    """Everything that could break out of a report: markup, terminal codes, direction marks, floods, secrets."""
    folder, journal = begin(outputs, "20_deploy", reason=f"{HOSTILE} \u202egnp.exe {SECRET.reveal()}")
    flood = "\x1b[31mERROR\x1b[0m " + "x" * 5_000_000 + f" {SECRET.reveal()} the end"
    walk(folder, journal, deploy_plan(), fails="build", message=f"{HOSTILE} مرحبا بالعالم", stderr=flood)
    journal.write("findings", stage=HOSTILE, findings=[Finding(HOSTILE, Verdict.FAILED, HOSTILE, "\u202eabc", HOSTILE)])
    journal.write("shown", title=HOSTILE, table={"columns": [HOSTILE], "rows": [[HOSTILE], [SECRET]]})
    journal.write("shown", title="outside", chart="../../../../etc/passwd")
    journal.write("error", type="StepFailed", what=HOSTILE, where=HOSTILE, next_step=f"javascript:alert(1) {HOSTILE}")
    svg = folder.chart("evil.svg", '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script>'
                       '<title>&lt;b&gt;</title><image href="https://evil.example/y.png"/></svg>')
    journal.write("shown", title="a chart with script", chart=svg)
    journal.write("cell", index=3, source=f"print('{HOSTILE}')", outputs=[
        {"output_type": "display_data", "data": {"text/html": HOSTILE, "text/plain": HOSTILE}},
        {"output_type": "stream", "name": "stdout", "text": flood},
        {"output_type": "error", "ename": "X", "evalue": HOSTILE, "traceback": [f"\x1b[0;31m{HOSTILE}\x1b[0m"]}])
    return finish(folder, journal, "failed", 1, HOSTILE)


def build_all(outputs: Path) -> dict[str, RunFolder]:
    return {name: build(outputs) for name, build in BUILDERS.items()}


def page(runs: dict[str, Path], name: str) -> str:
    """The report of a sample as text."""
    return (runs[name] / "report.html").read_text()


def part(text: str, heading: str) -> str:
    """The section of a report under a heading."""
    return text.split(f"<h2>{heading}</h2>")[1].split("</section>")[0]
