"""Figures that a new environment may begin with. None of them is known of the application: the draft says so."""

from __future__ import annotations

from typing import Any

import yaml

# 62 Tuning review alone compares with them; the keys are the model's, whatever the services are called
TUNING = """
backend: {server: Gunicorn, workers: 1, pool_size: 10, cache_ttl_s: 60}
frontend: {nginx_workers: auto, measures: []}
postgres: {max_connections: 100, shared_buffers: 128MB, measures: []}
redis: {maxmemory: 64MB, maxmemory_policy: noeviction, uses: []}
"""
WHY = "usual, not read from anywhere: change it to yours"

USUAL: dict[str, Any] = {
    "server": {"known_hosts_file": "~/.ssh/known_hosts"},
    "rate_limit": {"requests_per_minute": 600, "burst": 60},
    "health": {"monitored": []},
    "tuning": yaml.safe_load(TUNING),
    "alerts": {
        "minimum_requests_per_minute": 20,
        "conditions": {
            "ApiResponseTimeHigh": {"condition": "Response time > 2s for 5 minutes", "above": 2.0, "unit": "seconds",
                                    "for_s": 300},
            "ErrorRateHigh": {"condition": "Error rate > 5% for 2 minutes", "above": 5.0, "unit": "percent",
                              "for_s": 120},
        },
        "channels": {},
    },
    "tls": {"minimum_version": "TLSv1.2"},
    "backup": {"directory": "/backups/{name}/database", "daily_at": "02:00", "keep_days": 30, "keep_newest": 7,
               "maximum_age_h": 26},
    "restore_drill": {"limit_s": 1800.0, "memory_mb": 1024, "maximum_age_h": 168},
    "configuration_backup": {
        "repository": "/backups/{name}/configuration.git", "weekly_on": "Sunday", "weekly_at": "03:00",
        "maximum_age_h": 192, "server_paths": [], "files_directory": "/backups/{name}/files", "keep_files": 8,
        "logs_directory": "/backups/{name}/logs", "keep_log_days": 30,
    },
    "rollback": {
        "triggers": ["Deployment health check failures", "API error rate > 10%", "Critical service unavailable"],
        "api_error_rate_percent": 10.0, "minimum_requests": 50, "failure_threshold": 3, "watch_s": 300.0,
        "interval_s": 5.0, "synthetic_per_s": 0.0,
    },
    "gate": {"success_threshold": 3, "interval_s": 5.0, "deadline_s": 180.0},
    "watch": {"duration_s": 600.0, "interval_s": 15.0},
    "success": {"criteria": {"services": "All services healthy", "endpoints": "All endpoints responding",
                             "error_rate": "Error rate < 1%"},
                "p95_ms": 500, "error_rate_percent": 1.0},
    "load": {"requests": 60, "rate_per_s": 1.0, "paths": ["/"]},
    "traffic": {"reads": ["/"]},
    "checklists": {
        "pre_deployment": {"tests": "All tests passing", "environment_variables": "Environment variables configured",
                           "secrets": "Secrets verified", "backup": "Backup verified",
                           "rollback_plan": "Rollback plan documented"},
        "deployment": [], "post_deployment": [],
    },
    "certificate_minimum_days": 14,
    "disk_minimum_gb": 5,
    "memory_minimum_mb": 512,
}


def usual_for(name: str) -> dict[str, Any]:
    """The figures with the environment's name filled in."""

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(inner) for key, inner in value.items()}
        return value.replace("{name}", name) if isinstance(value, str) else value

    return {key: filled(value) for key, value in USUAL.items()}
