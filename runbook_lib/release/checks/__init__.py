"""Pure checks of a release: before it is deployed, while it is live, and after a rollback."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "release_is_deployable": "runbook_lib.release.checks.preflight",
    "compose_file": "runbook_lib.release.checks.compose",
    "variables": "runbook_lib.release.checks.preflight",
    "secrets": "runbook_lib.release.checks.strong_secrets",
    "migrations": "runbook_lib.release.checks.migration_chain",
    "disk_and_memory": "runbook_lib.release.checks.capacity",
    "certificate": "runbook_lib.release.checks.tls",
    "rollback_target": "runbook_lib.release.checks.preflight",
    "pre_deployment_checklist": "runbook_lib.release.checks.checklist",
    "deploy_preconditions": "runbook_lib.release.checks.deploy",
    "release_is_live": "runbook_lib.release.checks.deploy",
    "success_criteria": "runbook_lib.release.checks.success",
    "smoke_test_passed": "runbook_lib.platform.checks.smoke_test",
    "watch_was_clean": "runbook_lib.release.checks.watch",
    "rollback_preconditions": "runbook_lib.release.checks.rollback",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
