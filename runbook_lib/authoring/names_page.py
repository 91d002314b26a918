"""docs/reference/names.md: the names that notebooks may use, made from the public names of the package."""

from __future__ import annotations

import inspect
import re
from importlib import import_module, invalidate_caches
from types import ModuleType
from typing import Any

from runbook_lib.authoring.layers import ROOMS, families

HEAD = """# Names for notebooks

Made from the code by `python -m runbook_lib.cli.reference`; a test keeps it fresh.

`from runbook_lib import open_run, recovery`, then `recovery.survey(…)`. A notebook uses these names and no others; each
is loaded when it is first used.
"""


def names_page() -> str:
    """The page of the public names (Markdown): those of `runbook_lib` first, then each family's."""
    import runbook_lib

    invalidate_caches()  # `runbook new` has just written a family
    parts = [HEAD, _names("runbook_lib", runbook_lib, leave_out=families())]
    for family in families():
        module = import_module(f"runbook_lib.{family}")
        parts.append(_names(family, module))
        # rooms first; then what a family puts behind one name, because one notebook uses it
        own = [name for name in module.__all__ if name not in ROOMS and isinstance(getattr(module, name), ModuleType)]
        for below in (*(name for name in ROOMS if name in module.__all__), *own):
            parts.append(_names(f"{family}.{below}", getattr(module, below)))
    return "\n".join(parts)


def _names(title: str, module: ModuleType, *, leave_out: tuple[str, ...] = ()) -> str:
    rows = []
    for name in getattr(module, "__all__", _own_functions(module)):
        value = getattr(module, name)
        if name not in leave_out and not isinstance(value, ModuleType):
            rows.append(f"| `{name}{_signature(value)}` | {_first_sentence(value)} |")
    return "\n".join([f"## `{title}`\n\n{_first_sentence(module)}\n", "| name | |", "|---|---|", *rows, ""])


def _own_functions(module: ModuleType) -> list[str]:
    return [name for name, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")]


def _signature(value: Any) -> str:
    """The names of a function's arguments; empty for a class."""
    if not inspect.isfunction(value):
        return ""
    given = []
    star = False
    for one in inspect.signature(value).parameters.values():
        if one.kind is one.KEYWORD_ONLY and not star:
            star = True
            given.append("*")
        given.append(one.name if one.default is one.empty else f"{one.name}=…")
    return f"({', '.join(given)})"


def _first_sentence(value: Any) -> str:
    text = " ".join((inspect.getdoc(value) or "").partition("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z`])", text)[0].replace("|", "\\|")
