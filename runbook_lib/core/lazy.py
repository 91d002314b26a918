"""Public names that are loaded on first use, so that `runbook list` and an import in a notebook start at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def loader(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """`__getattr__` for a package: `homes` maps a public name to its module, or to `module:name` where that differs.

    A home that is the name itself is a module of the package. The function raises AttributeError for other names.
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no public name {name!r}")
        module, _, attribute = homes[name].partition(":")
        if module == name:
            return import_module(f"{package}.{name}")
        return getattr(import_module(module), attribute or name)

    return load
