"""Operations runbooks of a docker-compose staging environment. The names here are all that notebooks use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# name -> the module that holds it; loaded on first use, so that `runbook list` starts at once
_HOMES = {
    "alerts_of": "runbook_lib.facts.monitoring",
    "assets_loaded": "runbook_lib.checks.release",
    "assets_of": "runbook_lib.facts.assets",
    "backup_is_new": "runbook_lib.checks.backup",
    "backup_is_restorable": "runbook_lib.checks.restore",
    "backup_preconditions": "runbook_lib.checks.backup",
    "backups_of": "runbook_lib.facts.backups",
    "capacity_findings": "runbook_lib.checks.capacity",
    "certificate_findings": "runbook_lib.checks.capacity",
    "certificate_of": "runbook_lib.facts.certificates",
    "choose_backups": "runbook_lib.procedures.restore_drill",
    "chosen_backup": "runbook_lib.facts.restorable",
    "compose_findings": "runbook_lib.checks.compose",
    "containers_of": "runbook_lib.facts.containers",
    "critical_endpoints": "runbook_lib.checks.success",
    "database_is_named": "runbook_lib.checks.restore_preconditions",
    "database_is_restored": "runbook_lib.checks.restore_preconditions",
    "database_of": "runbook_lib.facts.database",
    "databases_of": "runbook_lib.facts.side_databases",
    "deploy_preconditions": "runbook_lib.checks.deploy",
    "deployed_state_of": "runbook_lib.facts.releases",
    "drill_preconditions": "runbook_lib.checks.drill",
    "drilled": "runbook_lib.checks.drill",
    "drills_of": "runbook_lib.facts.drills",
    "dump_matches_manifest": "runbook_lib.checks.backup",
    "dump_reading_of": "runbook_lib.facts.dumps",
    "endpoints_of": "runbook_lib.facts.endpoints",
    "error_rate": "runbook_lib.checks.success",
    "error_rate_between": "runbook_lib.facts.monitoring",
    "error_rate_over_time": "runbook_lib.charts",
    "errors_since": "runbook_lib.facts.logs",
    "if_there": "runbook_lib.facts.optional",
    "last_backup_findings": "runbook_lib.checks.backup",
    "latency_distribution": "runbook_lib.charts",
    "live_release": "runbook_lib.facts.releases",
    "load_of": "runbook_lib.facts.load",
    "loss_of": "runbook_lib.facts.restorable",
    "may_be_dropped": "runbook_lib.checks.restore_preconditions",
    "memory_against_limits": "runbook_lib.charts",
    "memory_of": "runbook_lib.facts.containers",
    "memory_rows": "runbook_lib.checks.success",
    "migration_findings": "runbook_lib.checks.migrations",
    "migration_rehearsal_of": "runbook_lib.facts.migration_rehearsal",
    "monitoring_green": "runbook_lib.checks.success",
    "new_backup": "runbook_lib.checks.backup",
    "newest_is_good": "runbook_lib.checks.drill",
    "no_critical_errors": "runbook_lib.checks.success",
    "open_run": "runbook_lib.run",
    "operation_of": "runbook_lib.facts.operations",
    "operation_row": "runbook_lib.checks.overview",
    "overview": "runbook_lib.checks.overview",
    "parse_migrations": "runbook_lib.facts.migrations",
    "plan_backup": "runbook_lib.procedures.backup",
    "plan_deploy": "runbook_lib.procedures.deploy",
    "plan_drop_kept": "runbook_lib.procedures.restore",
    "plan_restore": "runbook_lib.procedures.restore",
    "plan_restore_drill": "runbook_lib.procedures.restore_drill",
    "pre_deployment_checklist": "runbook_lib.checks.checklist",
    "recent_runs": "runbook_lib.report.recent",
    "recovery_times": "runbook_lib.charts",
    "release_findings": "runbook_lib.checks.preflight",
    "release_is_live": "runbook_lib.checks.deploy",
    "release_tree_of": "runbook_lib.facts.repository",
    "response_time": "runbook_lib.checks.success",
    "restore_preconditions": "runbook_lib.checks.restore_preconditions",
    "rollback_findings": "runbook_lib.checks.preflight",
    "revision_of": "runbook_lib.facts.restorable",
    "schema_is": "runbook_lib.checks.release",
    "schema_revision_of": "runbook_lib.facts.database",
    "secret_findings": "runbook_lib.checks.secrets",
    "server_of": "runbook_lib.facts.server",
    "server_secrets_of": "runbook_lib.facts.configuration",
    "services_healthy": "runbook_lib.checks.success",
    "sizes_over_time": "runbook_lib.charts",
    "strengths_of": "runbook_lib.facts.configuration",
    "success_criteria": "runbook_lib.checks.success",
    "target_of": "runbook_lib.procedures.release_files",
    "targets_of": "runbook_lib.facts.monitoring",
    "user_flow_of": "runbook_lib.facts.user_flows",
    "user_flow_works": "runbook_lib.checks.release",
    "variable_findings": "runbook_lib.checks.preflight",
    "watch_of": "runbook_lib.checks.watch",
    "watch_was_calm": "runbook_lib.checks.watch",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'runbook_lib' has no public name {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
