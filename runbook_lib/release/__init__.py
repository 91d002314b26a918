"""Preflight, deployment, verification and rollback (runbooks 10 to 22)."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "inspect_release": "runbook_lib.release.facts.repository",
    "validate_configuration": "runbook_lib.release.plans.validation",
    "survey_secrets": "runbook_lib.release.facts.secret_strength",
    "rehearse_migrations": "runbook_lib.release.facts.migration_rehearsal",
    "proxy_files": "runbook_lib.platform.facts.mounted_files",
    "view_page": "runbook_lib.platform.facts.page",
    "measure_load": "runbook_lib.release.facts.load",
    "rollback_targets": "runbook_lib.release.facts.rollback_targets",
    "select_target": "runbook_lib.release.facts.rollback_targets",
    "target_of": "runbook_lib.release.facts.target",
    "schema_rollback": "runbook_lib.release.facts.schema_rollback",
    "plan_watch": "runbook_lib.release.plans.watch",
    "plan_deploy": "runbook_lib.release.plans.deploy",
    "plan_rollback": "runbook_lib.release.plans.rollback",
    "checks": "checks",
    "charts": "charts",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
