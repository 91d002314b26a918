"""Pure checks of the environment as a whole."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "overview": "runbook_lib.observability.checks.environment_overview",
    "services_work": "runbook_lib.observability.checks.service_states",
    "connections_are_real": "runbook_lib.observability.checks.service_states",
    "health_is_honest": "runbook_lib.observability.checks.health",
    "endpoints_answer": "runbook_lib.observability.checks.health",
    "certificate_lasts": "runbook_lib.observability.checks.health",
    "page_shows": "runbook_lib.observability.checks.health",
    "monitoring_works": "runbook_lib.observability.checks.grafana",
    "clock_is_the_servers": "runbook_lib.platform.checks.metrics_clock",
    "server_has_space": "runbook_lib.observability.checks.health",
    "log_is_quiet": "runbook_lib.observability.checks.health",
    "metrics": "metrics",
    "logs_are_quiet": "runbook_lib.observability.checks.logs",
    "channels_are_configured": "runbook_lib.observability.checks.notifications",
    "nothing_is_overdue": "runbook_lib.observability.checks.calendar",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
