"""The parameters of a run, as a notebook reads them: by name, and for the whole run what they were at its start."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from runbook_lib.core.errors import Refused


class Parameters:
    """`run.parameters.ref`. Setting or deleting one raises Refused."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_values", MappingProxyType(dict(values)))

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"this notebook has no parameter {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise cannot_be_changed(f"run.parameters.{name}")

    def __delattr__(self, name: str) -> None:
        raise cannot_be_changed(f"run.parameters.{name}")

    def __dir__(self) -> list[str]:
        return list(self._values)

    def __repr__(self) -> str:
        return f"Parameters({', '.join(f'{name}={value!r}' for name, value in self._values.items())})"


def cannot_be_changed(name: str) -> Refused:
    """The refusal of an assignment to what was fixed when the run was opened."""
    return Refused(f"{name} cannot be changed: a run keeps what it was opened with.", where="this cell",
                   next_step="Set the parameter in the parameters cell, or give it with the run; then start a new run.")
