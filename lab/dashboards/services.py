"""Dashboards of what users notice first: the plan's metrics, the backend, and the database with the cache."""

from __future__ import annotations

from lab.dashboards.panels import (
    FIRST_SUCCESS,
    UNITS,
    Dashboard,
    Panel,
    Query,
    figure,
    graph,
    in_an_hour,
    rate,
    threshold_of,
)
from runbook_lib.environment import Environment

# what a reader at 03:00 wants to know of each of the plan's metrics
DESCRIPTIONS = {
    "request_rate": "Requests a second that the backend answers. Nothing all at once is an outage.",
    "response_time": "How long half, 95 % and 99 % of the requests take at most. The alert judges the 95th percentile.",
    "error_rate": "Share of requests answered with a server error. Left out while there are no requests.",
    "cpu_usage": "All processors of the server. Which container it is: 21 Verify has the chart.",
    "memory_usage": "Memory that no program could still get. Near the top the kernel ends processes.",
    "connection_pool": "Connections of the backend's pools to PostgreSQL. In use at its full size: requests wait.",
    "cache_hits": "Share of requests to the cache that it served. After a restart of Redis it begins at nothing.",
    "active_users": "Users with a session, as the application counts them.",
}
NEWEST_BACKUP = 'time() - max(runbook_scheduled_job_last_success_timestamp_seconds{schedule="backup_database"})'


def overview(environment: Environment) -> Dashboard:
    """The plan's metrics with the thresholds of its alerts, below what is wrong now."""
    disk = environment.alerts.conditions["DiskUsageHigh"].above
    now = (
        figure("Targets down", "Programs that do not answer Prometheus. Their alerts cannot fire.", "short",
               Query("count(up == 0) or vector(0)"), limit=1),
        figure("Alerts firing", "Alerts that fire now. 00 Start here leads from each to its notebook.", "short",
               Query('count(ALERTS{alertstate="firing"}) or vector(0)'), limit=1),
        figure("Fullest disk", "The disk with the least space left, in percent of its size.", "percent",
               Query("max(gw2:disk_usage:percent)"), limit=disk),
        figure("Age of the newest scheduled backup", "Since the last nightly backup that succeeded began.", "s",
               Query(NEWEST_BACKUP, exists_after=FIRST_SUCCESS), limit=environment.backup.maximum_age_h * 3600),
    )
    metrics = [
        graph(metric.title, DESCRIPTIONS[name], UNITS[metric.unit],
              *(Query(expression, legend) for legend, expression in metric.queries.items()),
              limit=threshold_of(metric, environment), below=metric.below is not None)
        for name, metric in environment.metrics.items() if not metric.absent_reason
    ]
    metrics.append(graph("Disks", "Used space of each disk.", "percent",
                         Query("gw2:disk_usage:percent", "{{mountpoint}}"), limit=disk))
    rows = [tuple(metrics[at:at + 3]) for at in range(0, len(metrics), 3)]
    return Dashboard("overview", "gw2-staging", "Overview", "What is wrong now, and the metrics of the plan.",
                     (now, *rows))


def backend(environment: Environment) -> Dashboard:
    """Requests, errors and times by route, and what the backend waits for."""
    return Dashboard("backend", "gw2-backend", "Backend", "The API by route, and what it waits for.",
                     (*_requests(environment.success.p95_ms / 1000), _waits(environment)))


def _requests(limit_s: float) -> tuple[tuple[Panel, ...], ...]:
    times = rate("gw2_http_request_duration_seconds_bucket", "le, route")
    errors = rate('gw2_http_requests_total{status=~"5.."}', "route")
    return (
        (graph("Requests by route", "Which route the load is on.", "reqps",
               Query(rate("gw2_http_requests_total", "route"), "{{route}}")),
         graph("Replies by status", "2xx are answers, 4xx faults of clients, 5xx faults of ours.", "reqps",
               Query(rate("gw2_http_requests_total", "status"), "{{status}}")),
         graph("Server errors by route", "Zero where there are none.", "reqps",
               Query(f"{errors} or vector(0)", "{{route}}"))),
        (graph("Slowest routes (p95)", "95 % of a route's requests are faster. The line is what a release must reach.",
               "s", Query(f"topk(8, histogram_quantile(0.95, {times}) >= 0)", "{{route}}"), limit=limit_s),
         graph("Response time", "Percentiles over all routes, as the alert judges them.", "s",
               Query("gw2:response_time:seconds", "p{{quantile}}"), limit=limit_s)),
    )


def _waits(environment: Environment) -> tuple[Panel, ...]:
    return (
        graph("Connections of the pools", "In use at the pool's full size means that requests wait for a connection.",
              "short", Query('gw2:pool_connections:count{state!="limit"}', "{{state}}"),
              limit=environment.tuning.backend.pool_size),
        graph("Answers of the cache", "Hits come from Redis, misses from the database, errors from neither.", "reqps",
              Query(rate("gw2_cache_requests_total", "result"), "{{result}}")),
        graph("Backends that answer", "Colours that Prometheus reaches. None: users get an error page.", "short",
              Query('sum(up{job="backend"}) or vector(0)', "answering"), limit=1, below=True),
        graph("Active users", DESCRIPTIONS["active_users"], "short", Query("gw2:active_users:count", "users")),
    )


def data(environment: Environment) -> Dashboard:
    """PostgreSQL and Redis, each against the limit that it runs into."""
    own = f'{{datname="{environment.postgres.name}"}}'
    return Dashboard("data", "gw2-data", "Database and cache", "PostgreSQL and Redis against their limits.",
                     (_data_now(), *_database(own), *_cache()))


def _data_now() -> tuple[Panel, ...]:
    return (
        figure("PostgreSQL answers", "1 where the exporter reaches the database.", "short", Query("max(pg_up)"),
               limit=1, below=True),
        figure("Redis answers", "1 where the exporter reaches the cache.", "short", Query("max(redis_up)"),
               limit=1, below=True),
        figure("Connections used", "Of PostgreSQL's max_connections.", "percent",
               Query("100 * sum(pg_stat_activity_count) / max(pg_settings_max_connections)"), limit=80),
        figure("Memory of Redis used", "Of maxmemory.", "percent",
               Query("100 * max(redis_memory_used_bytes) / max(redis_memory_max_bytes)"), limit=90),
    )


def _database(own: str) -> tuple[tuple[Panel, ...], ...]:
    hit, read = (f"sum(rate(pg_stat_database_blks_{one}{own}[5m]))" for one in ("hit", "read"))
    return (
        (graph("Connections by state", "At max_connections new ones are refused.", "short",
               Query("sum by (state) (pg_stat_activity_count)", "{{state}}"),
               Query("max(pg_settings_max_connections)", "max_connections")),
         graph("Transactions", "Committed and rolled back. Many rolled back: the application meets errors.", "ops",
               Query(f"sum({rate(f'pg_stat_database_xact_commit{own}')})", "committed"),
               Query(f"sum({rate(f'pg_stat_database_xact_rollback{own}')})", "rolled back")),
         graph("Longest transaction", "One that stays open holds locks and keeps vacuum from cleaning.", "s",
               Query(f"max(pg_stat_activity_max_tx_duration{own})", "longest"))),
        (graph("Reads served from memory", "Of the database's blocks. Below 90 % for long: shared_buffers are small.",
               "percent", Query(f"100 * {hit} / ({hit} + {read} > 0)", "hits"), limit=90, below=True),
         graph("Size of the database", "Grows with its data; bloat comes on top.", "bytes",
               Query(f"pg_database_size_bytes{own}", "{{datname}}")),
         graph("Deadlocks and temporary files", "A deadlock ends a transaction; such a file is a sort without memory.",
               "short", Query(in_an_hour(f"pg_stat_database_deadlocks{own}"), "deadlocks in an hour"),
               Query(in_an_hour(f"pg_stat_database_temp_files{own}"), "temporary files in an hour"))),
    )


def _cache() -> tuple[tuple[Panel, ...], ...]:
    hits, misses = rate("redis_keyspace_hits_total"), rate("redis_keyspace_misses_total")
    return (
        (graph("Memory of Redis", "At its limit Redis evicts keys: sessions and cached answers.", "bytes",
               Query("redis_memory_used_bytes", "used"), Query("redis_memory_max_bytes", "maxmemory")),
         graph("Keys that left Redis", "Evicted for memory, or expired by their age as they should.", "ops",
               Query(rate("redis_evicted_keys_total"), "evicted"), Query(rate("redis_expired_keys_total"), "expired"))),
        (graph("Commands of Redis", "What the backend asks of it.", "ops",
               Query(rate("redis_commands_processed_total"), "commands")),
         graph("Reads of Redis", "Of keys that were there, and of keys that were not.", "ops",
               Query(hits, "hits"), Query(misses, "misses")),
         graph("Clients and keys", "Connections to Redis, and what lies in it.", "short",
               Query("redis_connected_clients", "clients"), Query("sum(redis_db_keys)", "keys"))),
    )
