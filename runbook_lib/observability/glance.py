"""What is asked before all else: who changes the environment now, and what users get. One name of the family."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "current_operation": "runbook_lib.platform.facts.operations",
    "operation_row": "runbook_lib.observability.checks.environment_overview",
    "nothing_changes": "runbook_lib.platform.checks.operations",
    "during": "runbook_lib.platform.checks.operations",
    "known_state": "runbook_lib.platform.facts.known_state",
    "survey_users": "runbook_lib.observability.facts.users",
    "users_are_answered": "runbook_lib.observability.checks.users",
    "reads_are_answered": "runbook_lib.observability.checks.users",
    "server_has_capacity": "runbook_lib.observability.checks.users",
    "first_answer": "runbook_lib.observability.checks.first_answer",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
