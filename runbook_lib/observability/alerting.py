"""Alerts and their path to the team: what 42 asks, checks and provokes. One notebook, one name of the family."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "survey": "runbook_lib.observability.facts.alerting",
    "firing_alerts_are_sent": "runbook_lib.observability.checks.alert_paths",
    "conditions_have_rules": "runbook_lib.observability.checks.alert_paths",
    "channels_are_connected": "runbook_lib.observability.checks.alert_paths",
    "silences_end": "runbook_lib.observability.checks.alert_paths",
    "no_drill_is_left": "runbook_lib.observability.checks.alert_paths",
    "prometheus_ahead": "runbook_lib.platform.facts.metrics_clock",
    "survey_drills": "runbook_lib.observability.facts.alert_drills",
    "select_conditions": "runbook_lib.observability.plans.alert_drill",
    "drill_preconditions": "runbook_lib.observability.checks.alert_drill",
    "provocations": "runbook_lib.observability.plans.alert_drill",
    "plan_drill": "runbook_lib.observability.plans.alert_drill",
    "drill_results": "runbook_lib.observability.checks.alert_drill",
    "drill_is_undone": "runbook_lib.observability.checks.alert_drill",
    "alert_answer": "runbook_lib.observability.checks.alert_paths",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
