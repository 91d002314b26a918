"""Pure checks of use, growth and settings."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "load_preconditions": "runbook_lib.capacity.checks.load_test",
    "load_criteria": "runbook_lib.capacity.checks.load_test",
    "load_compared": "runbook_lib.capacity.checks.load_test",
    "limits": "limits",
    "allocation": "allocation",
    "resource_blocks": "resource_blocks",
    "last_review": "last_review",
    "tuning": "tuning",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
