"""Operations runbooks of a docker-compose staging environment. The names here are all that notebooks use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# name -> the module that holds it; loaded on first use, so that `runbook list` starts at once
_HOMES = {
    "open_run": "runbook_lib.run",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'runbook_lib' has no public name {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
