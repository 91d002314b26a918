"""Sample runs in which nothing is undone: passed, warned, inconclusive, refused, only planned, not applicable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from runbook_lib.archive.runs import RunFolder
from runbook_lib.core.findings import Finding, Verdict, not_applicable
from runbook_lib.core.plan import Plan
from runbook_lib.platform import charts
from runbook_lib.recovery.charts import sizes_over_time
from runbook_lib.release.charts import latency_distribution
from tests.unit.report.sample_journal import COMMIT, begin, deploy_plan, finish, latencies, sample, walk


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
def absent_service(outputs: Path) -> RunFolder:
    """One service is declared absent, the others are healthy."""
    folder, journal = begin(outputs, "21_verify", mode="plan")
    journal.write("findings", stage="services", findings=[
        Finding("nginx is healthy", Verdict.PASSED, "running (healthy)", "running, healthy"),
        Finding("redis is healthy", Verdict.PASSED, "running (healthy)", "running, healthy"),
        not_applicable("grafana is healthy", "no Grafana server can be had without an image registry")])
    return finish(folder, journal, "passed", 0, "2 of 2 checks passed, 1 not applicable.")


@sample
def all_not_applicable(outputs: Path) -> RunFolder:
    folder, journal = begin(outputs, "41_dashboards", mode="plan")
    journal.write("findings", stage="dashboards", findings=[
        not_applicable("dashboards are complete", "this environment has no Grafana")])
    return finish(folder, journal, "not applicable", 0,
                  "Not applicable here: dashboards are complete (this environment has no Grafana).")
