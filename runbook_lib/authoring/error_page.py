"""docs/reference/errors.md, made from the docstrings of the error classes."""

from __future__ import annotations

import re

from runbook_lib.core import errors

HEAD = """# Errors

Made from the docstrings in `{module}` by `python -m runbook_lib.cli.reference`; a test keeps it fresh.

Every error says what happened, where, and what to do next. Its class decides the exit code;
[exit-codes.md](exit-codes.md) says what to do with each.
"""


def error_page() -> str:
    """The whole page (Markdown): one section for each exit code, one line for each error."""
    families = _direct(errors.RunbookError)
    return "\n".join([HEAD.format(module=errors.__name__), *(_section(one) for one in families)])


def _section(family: type[errors.RunbookError]) -> str:
    rows = [f"| `{one.__name__}` | {meaning_of(one)} |" for one in _below(family)]
    table = ["", "| error | means |", "|---|---|", *rows] if rows else []
    return "\n".join([f"## `{family.__name__}`: exit code {family.exit_code}\n", meaning_of(family), *table, ""])


def _below(family: type[errors.RunbookError]) -> list[type[errors.RunbookError]]:
    found = []
    for one in _direct(family):
        found += [one, *_below(one)]
    return found


def _direct(family: type[errors.RunbookError]) -> list[type[errors.RunbookError]]:
    # other modules subclass these for their own use; which of them are loaded is chance
    return [one for one in family.__subclasses__() if one.__module__ == errors.__name__]


def meaning_of(error: type[errors.RunbookError]) -> str:
    """What an error means: its own docstring, or its line in the tree at the head of the module."""
    own = error.__dict__.get("__doc__")
    if own:
        return " ".join(str(own).split())
    line = re.search(rf"{error.__name__} +\d+ +(.+)", errors.__doc__ or "")
    return f"{line[1][0].upper()}{line[1][1:]}." if line else ""
