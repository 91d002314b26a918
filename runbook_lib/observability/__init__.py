"""The state of the environment at a glance (runbook 00)."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "current_operation": "runbook_lib.platform.facts.operations",
    "checks": "checks",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
