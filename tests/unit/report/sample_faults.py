"""Sample runs that went wrong: a gate that stays shut, rollbacks, a killed process, a full disk, hostile content."""

from __future__ import annotations

from pathlib import Path

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder
from runbook_lib.core.findings import Finding, Verdict
from tests.unit.report.sample_journal import SECRET, begin, deploy_plan, finish, sample, walk

GATE_FAULT = "backend-green /health returned 503 in 12 of 12 probes: database is down"
GATE_HINT = "Compare `DATABASE_URL` in backend/.env.staging of v3.3.0-rc1 with v3.1.0."
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
                  next_step="Call the on-call engineer, the first contact in 00 Start here: DevOps Lead (devops@example.com). "
                  "The report lists what was undone and what was not, and the notebook's cell *Rollback failed* what to do "
                  "first. Do not deploy over it: 22 Rollback, for the last good release, works from any partial state.")
    return finish(folder, journal, "failed", 6, what, state="rollback failed")


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


@sample
def lost_disk(outputs: Path) -> RunFolder:
    """The archive's disk was full for a while: everything was undone, and part of it could not be recorded."""
    folder, journal = begin(outputs, "20_deploy", reason="Release v3.2.0")
    message = "The evidence of this run could not be written: the disk of this machine is full."
    walk(folder, journal, deploy_plan(), fails="start", message=message)
    journal.write("undo_finished", key="migrate", state="rolled back")
    what = (f"Step 5 of 8, 'Start the green colour', failed: {message}\nEverything done so far was undone (2 steps). External "
            f"verification passed: what ran before answers again.\n3 records of this run could not be written: {message}")
    journal.write("error", type="RolledBack", what=what, where="lab, step start",
                  next_step="Free space, or set RUNBOOK_OUTPUTS to another folder; then run again.")
    return finish(folder, journal, "failed", 5, what, state="rolled back")
