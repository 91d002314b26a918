"""Dashboards of what carries the services: the host, the proxy, and the runbooks' own runs with their alerts."""

from __future__ import annotations

from lab.dashboards.panels import (
    FIRST_RUN,
    FIRST_SUCCESS,
    SCHEDULES,
    Dashboard,
    Panel,
    Query,
    figure,
    graph,
    in_an_hour,
    rate,
)
from runbook_lib.environment import Environment

# as the recorded measure has them: what is mounted from memory or into a container is not a disk
DISKS = '{fstype!~"tmpfs|ramfs|squashfs|iso9660|nsfs",mountpoint!~"/etc/.+"}'
# as its alert has it: what a dead holder left behind holds no lock
HELD_S = ("time() - runbook_lock_held_since_timestamp_seconds"
          " and time() - runbook_lock_heartbeat_timestamp_seconds < 600")
PROCESSORS = "count(count by (cpu) (node_cpu_seconds_total))"


def host(environment: Environment) -> Dashboard:
    """The server itself. Its network is not there: the exporter sees only that of its own container."""
    limits = {name: one.above for name, one in environment.alerts.conditions.items()}
    busy = rate('node_cpu_seconds_total{mode!="idle"}', "mode")
    return Dashboard("host", "gw2-host", "Host", "Processors, memory and disks of the server.", (
        (graph("Processors", "What the time of all processors goes into. iowait: programs wait for a disk.", "percent",
               Query(f"100 * {busy} / scalar({PROCESSORS})", "{{mode}}"), limit=limits["CpuUsageHigh"]),
         graph("Load", "Programs that run or wait. More than processors for long: something has to wait.", "short",
               Query("node_load1", "1 min"), Query("node_load15", "15 min"), Query(PROCESSORS, "processors"))),
        (graph("Memory", "Used is what cannot be given to another program.", "bytes",
               Query("node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes", "used"),
               Query("node_memory_MemTotal_bytes", "all")),
         graph("Programs ended for memory", "By the kernel, in an hour. Each is an outage of a container.", "short",
               Query(in_an_hour("node_vmstat_oom_kill"), "ended"), limit=1)),
        *_disks(limits["DiskUsageHigh"]),
    ))


def _disks(limit: float | None) -> tuple[tuple[Panel, ...], ...]:
    def waiting(what: str) -> str:
        return f"100 * {rate(f'node_pressure_{what}_waiting_seconds_total')}"

    return (
        (graph("Disks", "Used space of each disk.", "percent", Query("gw2:disk_usage:percent", "{{mountpoint}}"),
               limit=limit),
         graph("Free space in four days", "At the rate of the last six hours. At zero, DiskFullSoon fires.", "bytes",
               Query(f"clamp_min(predict_linear(node_filesystem_avail_bytes{DISKS}[6h], 4 * 86400), 0)",
                     "{{mountpoint}}"))),
        (graph("Busy disks", "Share of the time in which a disk has work. Near 100 %: everything waits for it.",
               "percent", Query(f"100 * {rate('node_disk_io_time_seconds_total')}", "{{device}}")),
         graph("Waiting for processor, memory or disk", "Share of the time in which at least one program waits.",
               "percent", Query(waiting("cpu"), "processor"), Query(waiting("memory"), "memory"),
               Query(waiting("io"), "disk")),
         graph("Free inodes", "A disk without inodes takes no new file, however much space it has.", "percent",
               Query(f"100 * node_filesystem_files_free{DISKS} / (node_filesystem_files > 0)", "{{mountpoint}}"),
               limit=10, below=True)),
    )


def proxy(environment: Environment) -> Dashboard:
    """nginx: what arrives, and what it refuses."""
    accepted, handled = rate("nginx_connections_accepted"), rate("nginx_connections_handled")
    requests = f"sum({rate('nginx_http_requests_total')})"
    return Dashboard("proxy", "gw2-proxy", "Proxy", "What arrives at nginx, and what waits there.", (
        (figure("nginx answers", "1 where the exporter reaches its status page.", "short", Query("max(nginx_up)"),
                limit=1, below=True),
         figure("Connections now", "Open connections of clients, those that wait included.", "short",
                Query("max(nginx_connections_active)")),
         figure("Requests now", "Of users, health checks and monitoring.", "reqps", Query(requests))),
        (graph("Requests", "At nginx and at the backend. nginx alone: pages and files, or replies of its own.", "reqps",
               Query(requests, "nginx"), Query("gw2:request_rate:per_second", "backend")),
         graph("Connections", "Reading: a request arrives. Writing: a reply is sent. Waiting: kept open.", "short",
               *(Query(f"nginx_connections_{one}", one) for one in ("reading", "writing", "waiting")))),
        (graph("Connections refused", "Accepted and closed at once: worker_connections are used up.", "cps",
               Query(f"clamp_min({accepted} - {handled}, 0)", "refused"), limit=1),
         graph("New connections", "Many new ones for few requests: clients do not keep theirs.", "cps",
               Query(accepted, "accepted"))),
    ))


def runs(environment: Environment) -> Dashboard:
    """Scheduled runs of the runbooks, the alerts that lead to them, and whether monitoring itself works."""
    return Dashboard("runs", "gw2-runs", "Runbook runs", "Scheduled runs, alerts with their notebooks, and monitoring.",
                     (*_scheduled(environment.backup.maximum_age_h * 3600), _kept(environment), *_monitoring()))


def _scheduled(age_s: float) -> tuple[tuple[Panel, ...], ...]:
    def job(measure: str) -> str:
        return f"max by (schedule) (runbook_scheduled_job_{measure})"

    return (
        (figure("Since the last success", "Of each scheduled run; a nightly backup may take as long as the threshold.",
                "s", Query(f"time() - {job('last_success_timestamp_seconds')}", "{{schedule}}", FIRST_SUCCESS),
                limit=age_s),
         figure("Exit code of the last run", "0 is good. Anything else: ScheduledJobFailed fires.", "short",
                Query(job("last_exit_code"), "{{schedule}}", FIRST_RUN), limit=1),
         figure("Installed since", "Age of each schedule. None here: run 34 Install schedules.", "s",
                Query(f"time() - {job('installed_timestamp_seconds')}", "{{schedule}}", SCHEDULES))),
        (graph("Length of the runs", "A backup that takes twice as long is worth a question.", "s",
               Query(job("last_duration_seconds"), "{{schedule}}", FIRST_RUN)),
         graph("Alerts", "Pending and firing ones, by name.", "short",
               Query("count by (alertname, alertstate) (ALERTS) or vector(0)", "{{alertname}} {{alertstate}}"))),
    )


def _kept(environment: Environment) -> tuple[Panel, ...]:
    # a lock that is held for longer than any window keeps backups and deployments waiting
    longest_h = max(int(one.ends[:2]) - int(one.begins[:2]) for one in environment.windows.values())
    return (
        figure("The lock is held for", "Zero: it is free. 00 Start here shows who holds it.", "s",
               Query(f"max({HELD_S}) or vector(0)"), limit=longest_h * 3600),
        figure("The certificate lasts for", "The one that nginx presents. Renewal begins 30 days before its end.", "s",
               Query("min(runbook_certificate_expires_timestamp_seconds) - time()", exists_after=FIRST_SUCCESS),
               limit=environment.certificate_minimum_days * 86_400, below=True),
    )


def _monitoring() -> tuple[tuple[Panel, ...], ...]:
    return (
        (graph("Messages sent", "By channel, in an hour.", "short",
               Query(in_an_hour("alertmanager_notifications_total", "integration"), "{{integration}}")),
         graph("Messages that failed", "By channel, in an hour. 44 Notify tests each channel.", "short",
               Query(in_an_hour("alertmanager_notifications_failed_total", "integration"), "{{integration}}"), limit=1),
         graph("Silences", "Active ones hide alerts: of runs in progress, or of people.", "short",
               Query("alertmanager_silences", "{{state}}"))),
        (graph("Targets that answer", "By job; none of a job means that its alerts are blind.", "short",
               Query("sum by (job) (up)", "{{job}}"), limit=1, below=True),
         graph("Rules that failed", "Evaluations of recording rules and alerts, in an hour.", "short",
               Query(in_an_hour("prometheus_rule_evaluation_failures_total"), "failed"), limit=1),
         graph("Alerts not delivered", "From Prometheus to Alertmanager, in an hour.", "short",
               Query(in_an_hour("prometheus_notifications_dropped_total"), "dropped"), limit=1),
         graph("Disk of Prometheus", "Blocks of 30 days, 2 GB at most.", "bytes",
               Query("prometheus_tsdb_storage_blocks_bytes", "blocks"))),
    )
