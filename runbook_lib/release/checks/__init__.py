"""Pure checks of a release: before it is deployed, while it is live, and after a rollback."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "release_is_deployable": "runbook_lib.release.checks.preflight:release_findings",
    "compose_file": "runbook_lib.release.checks.compose:compose_findings",
    "variables": "runbook_lib.release.checks.preflight:variable_findings",
    "secrets_available": "runbook_lib.release.checks.secrets:secret_findings",
    "migrations_safe": "runbook_lib.release.checks.migrations:migration_findings",
    "disk_and_memory": "runbook_lib.release.checks.capacity:capacity_findings",
    "certificate": "runbook_lib.release.checks.capacity:certificate_findings",
    "rollback_target": "runbook_lib.release.checks.preflight:rollback_findings",
    "pre_deployment_checklist": "runbook_lib.release.checks.checklist",
    "deploy_preconditions": "runbook_lib.release.checks.deploy",
    "release_is_live": "runbook_lib.release.checks.deploy",
    "services_healthy": "runbook_lib.release.checks.success",
    "memory_rows": "runbook_lib.release.checks.success",
    "critical_endpoints": "runbook_lib.release.checks.success",
    "response_time": "runbook_lib.release.checks.success",
    "error_rate": "runbook_lib.release.checks.success",
    "monitoring_green": "runbook_lib.release.checks.success",
    "no_critical_errors": "runbook_lib.release.checks.success",
    "success_criteria": "runbook_lib.release.checks.success",
    "smoke_test_passed": "runbook_lib.platform.checks.live_release",
    "schema_is": "runbook_lib.platform.checks.live_release",
    "assets_loaded": "runbook_lib.platform.checks.live_release",
    "watch_was_clean": "runbook_lib.release.checks.watch",
    "rollback_preconditions": "runbook_lib.release.checks.rollback",
    "rollback_is_live": "runbook_lib.release.checks.rollback",
    "describe_data_impact": "runbook_lib.release.checks.rollback",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
