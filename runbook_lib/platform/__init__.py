"""What every family of runbooks asks of the environment, and the steps they share."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "survey_server": "runbook_lib.platform.facts.server:server_of",
    "survey_containers": "runbook_lib.platform.facts.containers:containers_of",
    "measure_memory": "runbook_lib.platform.facts.containers:memory_of",
    "survey_database": "runbook_lib.platform.facts.database:database_of",
    "schema_revision": "runbook_lib.platform.facts.database:schema_revision_of",
    "survey_endpoints": "runbook_lib.platform.facts.endpoints:endpoints_of",
    "inspect_certificate": "runbook_lib.platform.facts.certificates:certificate_of",
    "active_alerts": "runbook_lib.platform.facts.monitoring:alerts_of",
    "scrape_targets": "runbook_lib.platform.facts.monitoring:targets_of",
    "error_rate_between": "runbook_lib.platform.facts.monitoring",
    "errors_since": "runbook_lib.platform.facts.logs",
    "run_smoke_test": "runbook_lib.platform.facts.smoke_test:user_flow_of",
    "compare_assets": "runbook_lib.platform.facts.assets:assets_of",
    "deployed_state": "runbook_lib.platform.facts.releases:deployed_state_of",
    "charts": "charts",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
