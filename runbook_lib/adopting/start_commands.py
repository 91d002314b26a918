"""What a service's start command gives away of it. The command itself is not kept: it may hold a password."""

from __future__ import annotations

import re

_MIGRATING = re.compile(r"\bmigrat|\bdb:(?:prepare|setup)\b|\bdb push\b|\balembic\b|--upgrade\b", re.I)


def is_locked(*commands: object) -> bool:
    """Whether a start command sets a password, or reads settings that may."""
    return bool(re.search(r"requirepass|aclfile|--user|\.conf\b", _words(commands)))


def is_migrating(*commands: object) -> bool:
    """Whether a start command speaks of migrations."""
    return bool(_MIGRATING.search(_words(commands)))


def _words(commands: tuple[object, ...]) -> str:
    return " ".join(" ".join(map(str, one)) if isinstance(one, list) else str(one or "") for one in commands)
