"""How the environment is: at a glance (00), checked (40), its metrics, alerts and logs (41–43), to whom (44)."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "glance": "glance",
    "health_questions": "runbook_lib.observability.facts.health_questions",
    "service_states": "runbook_lib.observability.checks.service_states",
    "calendar": "runbook_lib.observability.checks.calendar",
    "answer": "runbook_lib.observability.checks.health_answer",
    "metrics_window": "runbook_lib.observability.facts.metric_history",
    "metrics_questions": "runbook_lib.observability.facts.metric_history",
    "review_metrics": "runbook_lib.observability.checks.metrics_review",
    "alerting": "alerting",
    "survey_logs": "runbook_lib.observability.facts.log_window",
    "review_logs": "runbook_lib.observability.facts.log_review",
    "log_sample": "runbook_lib.observability.facts.log_sample",
    "log_answer": "runbook_lib.observability.checks.logs",
    "checks": "checks",
    "charts": "charts",
    "notification_routes": "runbook_lib.platform.notifications",
    "plan_notify": "runbook_lib.observability.plans.notify",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
