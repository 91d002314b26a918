"""Pure checks of the environment as a whole."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "overview": "runbook_lib.observability.checks.environment_overview",
    "operation_row": "runbook_lib.observability.checks.environment_overview",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
