"""What counts as good, and what cannot be: the rules of the staging plan, word for word."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from runbook_lib.environment import Environment
from runbook_lib.environment.gates import Gate
from runbook_lib.environment.rules import Window


def test_the_alert_conditions_are_word_for_word_and_their_figures_agree(staging: Environment) -> None:
    found = [(c.condition, c.above, c.unit, c.for_s) for c in staging.alerts.conditions.values()]
    assert found == [
        ("API response time > 2s for 5 minutes", 2, "seconds", 300),
        ("Error rate > 5% for 2 minutes", 5, "percent", 120),
        ("CPU usage > 80% for 10 minutes", 80, "percent", 600),
        ("Memory usage > 90% for 5 minutes", 90, "percent", 300),
        ("Disk usage > 85%", 85, "percent", 0),
        ("Service unhealthy for 3 minutes", None, None, 180),
    ]
    channels = {channel.title: channel.optional for channel in staging.alerts.channels.values()}
    assert channels == {"Email notifications": False, "Slack webhook (optional)": True, "PagerDuty (optional)": True}


def test_the_checklists_are_word_for_word(staging: Environment) -> None:
    assert tuple(staging.checklists.pre_deployment.values()) == (
        "All tests passing in CI/CD",
        "Code review approved",
        "Database migration scripts reviewed",
        "Environment variables configured",
        "Secrets verified",
        "Backup verified",
        "Rollback plan documented",
    )
    assert staging.checklists.deployment == (
        "Deploy to staging",
        "Run database migrations",
        "Verify all services healthy",
        "Run smoke tests",
        "Check application logs",
        "Verify monitoring active",
    )
    assert staging.checklists.post_deployment == (
        "Monitor for 1 hour",
        "Verify no errors in logs",
        "Check performance metrics",
        "Test critical user flows",
        "Update deployment documentation",
        "Notify team of deployment",
    )


def test_success_rollback_and_escalation_are_the_plans(staging: Environment) -> None:
    assert tuple(staging.success.criteria.values()) == (
        "All services healthy",
        "API response time < 500ms (p95)",
        "Error rate < 1%",
        "All critical endpoints responding",
        "Database migrations applied successfully",
        "Frontend assets loaded correctly",
        "No critical errors in logs",
        "Monitoring dashboards showing green",
    )
    assert (staging.success.p95_ms, staging.success.error_rate_percent) == (500, 1)
    assert staging.rollback.triggers == (
        "Deployment health check failures",
        "API error rate > 10%",
        "Critical service unavailable",
    )
    assert staging.rollback.api_error_rate_percent == 10
    assert staging.watch.duration_s == 3600, "monitor for 1 hour"
    assert staging.contacts == {
        "DevOps Lead": "devops@example.com",
        "Backend Lead": "backend@example.com",
        "Frontend Lead": "frontend@example.com",
    }
    assert staging.escalation == (
        "Check monitoring dashboards",
        "Review application logs",
        "Contact on-call engineer",
        "Execute rollback if critical",
    )


def test_backup_logging_and_windows_are_the_plans(staging: Environment) -> None:
    backup = staging.backup
    assert (backup.frequency, backup.daily_at, backup.keep_days) == ("Daily at 2:00 AM UTC", "02:00", 30)
    assert backup.directory == "/backups/postgres"
    assert backup.file_name == "staging_db_%Y%m%d_%H%M%S.sql.gz"
    assert (staging.logging.rotation, staging.logging.keep_days, staging.logging.compress) == ("daily", 30, True)
    windows = staging.windows
    assert (windows["weekly"].weekday, windows["weekly"].begins, windows["weekly"].ends) == ("Sunday", "02:00", "04:00")
    assert (windows["monthly"].week_of_month, windows["monthly"].ends) == (1, "06:00")
    assert windows["monthly"].schedule == "First Sunday of month 2:00-6:00 AM UTC"


def test_endpoints_and_monitored_metrics_are_the_plans(staging: Environment) -> None:
    assert list(staging.health.endpoints)[:3] == ["/health", "/api/v1/health", "/metrics"]
    assert staging.health.monitored == (
        "Request rate (req/s)",
        "Response time (p50, p95, p99)",
        "Error rate (%)",
        "CPU & Memory usage",
        "Database connection pool",
        "Cache hit/miss rate",
        "Active users",
    )
    assert list(staging.pipeline.stages) == [
        "Pre-deployment Validation",
        "Build & Test",
        "Deploy",
        "Post-deployment Verification",
    ]


def test_the_verification_load_stays_below_the_rate_limit(staging: Environment) -> None:
    assert staging.load.rate_per_s * 60 < staging.rate_limit.requests_per_minute


def test_a_gate_must_be_able_to_open_before_its_deadline() -> None:
    with pytest.raises(ValidationError, match="10 probes every 5 s do not fit into 30 s"):
        Gate(success_threshold=10, interval_s=5.0, deadline_s=30.0)


def test_a_window_ends_after_it_begins() -> None:
    with pytest.raises(ValidationError, match="not after it begins"):
        Window(schedule="x", weekday="Sunday", begins="04:00", ends="02:00")
