"""Alerts and their path to the team: what 42 asks, checks and drills. One notebook uses it: one name of the family."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "survey": "runbook_lib.observability.facts.alerting",
    "firing_alerts_are_sent": "runbook_lib.observability.checks.alert_paths",
    "conditions_have_rules": "runbook_lib.observability.checks.alert_paths",
    "channels_are_connected": "runbook_lib.observability.checks.alert_paths",
    "silences_end": "runbook_lib.observability.checks.alert_paths",
    "no_drill_is_left": "runbook_lib.observability.checks.alert_paths",
    "alert_answer": "runbook_lib.observability.checks.alert_paths",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
