"""How much is used, how long it lasts (61), and how it is set (62)."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "history_window": "runbook_lib.capacity.facts.usage_history",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
