"""What every family of runbooks asks of the environment, and the steps they share."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "survey_server": "runbook_lib.platform.facts.server",
    "survey_containers": "runbook_lib.platform.facts.containers",
    "measure_memory": "runbook_lib.platform.facts.containers",
    "survey_database": "runbook_lib.platform.facts.database",
    "schema_revision": "runbook_lib.platform.facts.database",
    "survey_endpoints": "runbook_lib.platform.facts.endpoints",
    "inspect_certificate": "runbook_lib.platform.facts.certificates",
    "alerts_or_reason": "runbook_lib.platform.facts.monitoring",
    "survey_leftovers": "runbook_lib.platform.facts.leftovers",
    "scrape_targets": "runbook_lib.platform.facts.monitoring",
    "error_rate_between": "runbook_lib.platform.facts.monitoring",
    "errors_since": "runbook_lib.platform.facts.logs",
    "run_smoke_test": "runbook_lib.platform.facts.smoke_test",
    "compare_assets": "runbook_lib.platform.facts.assets",
    "deployed_state": "runbook_lib.platform.facts.releases",
    "charts": "charts",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
