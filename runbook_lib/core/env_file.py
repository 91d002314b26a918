"""Values in a file of `NAME=value` lines, so that Compose and a shell that reads the same file agree on every byte."""

from __future__ import annotations

import re

# A tab is a character like others. Readers of the file go line by line, and no variable can hold a NUL.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_ESCAPED = re.compile(r'[\\"$]')


def unquotable(value: str) -> str:
    """Why no quoting lets a value survive, in words that reveal nothing of it; empty for a value that survives."""
    if any("\ud800" <= one <= "\udfff" for one in value):
        return "is not UTF-8 text"
    if "\n" in value or "\r" in value:
        return "has a line break"
    if _CONTROL.search(value):
        return "has a control character"
    if "`" in value and not _is_literal(value):
        return "has a backquote together with a single quote or a last backslash"
    return ""


def quoted(value: str) -> str:
    """The value with its quotes. Raises ValueError with the reason for a value that would not survive.

    Single quotes take every character as it is, but end at the next one, and Compose takes a backslash before it for
    an escape. Inside double quotes both undo a backslash before a backslash, a double quote or a dollar sign; before a
    backquote only a shell does. Measured with Docker Compose 2.26 and dash.
    """
    reason = unquotable(value)
    if reason:
        raise ValueError(reason)
    return f"'{value}'" if _is_literal(value) else '"' + _ESCAPED.sub(lambda one: "\\" + one[0], value) + '"'


def _is_literal(value: str) -> bool:
    return "'" not in value and not value.endswith("\\")
