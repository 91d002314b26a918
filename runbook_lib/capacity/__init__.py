"""What the environment bears (60), how much is used, how long it lasts (61), and how it is set (62)."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "load_test": "runbook_lib.capacity.facts.load_test",
    "earlier_load_tests": "runbook_lib.capacity.facts.earlier_load_tests",
    "plan_load_test": "runbook_lib.capacity.plans.load_test",
    "load_answer": "runbook_lib.capacity.checks.load_test",
    "history_window": "runbook_lib.capacity.facts.usage_history",
    "usage_questions": "runbook_lib.capacity.facts.usage_history",
    "review_capacity": "runbook_lib.capacity.checks.capacity_review",
    "capacity_answer": "runbook_lib.capacity.checks.limits",
    "client_question": "runbook_lib.capacity.facts.tuning_questions",
    "tuning_questions": "runbook_lib.capacity.facts.tuning_questions",
    "tuning_answer": "runbook_lib.capacity.checks.tuning_answer",
    "checks": "checks",
    "charts": "charts",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
