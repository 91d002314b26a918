"""Checks with the same result for several things in one line, so that the lines that differ stand out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

FEWEST = 3  # two lines are read faster than one that was put together

Check = Mapping[str, Any]


def grouped(checks: Iterable[Check]) -> list[Check]:
    """The same checks, in order; passed ones that differ in their first word alone become one.

    `nginx is healthy`, `redis is healthy`, `postgres is healthy` with equal figures become
    `each is healthy: nginx, redis, postgres`.
    """
    rows = list(checks)
    groups: dict[tuple[str, ...], list[Check]] = {}
    for row in rows:
        groups.setdefault(_kind(row), []).append(row)
    shown: list[Check] = []
    for row in rows:
        group = groups[_kind(row)]
        if len(group) < FEWEST or not _kind(row)[0]:
            shown.append(row)
        elif row is group[0]:
            names = ", ".join(str(one["check"]).split(" ", 1)[0] for one in group)
            shown.append({**row, "check": f"each {_kind(row)[0]}: {names}"})
    return shown


def _kind(row: Check) -> tuple[str, ...]:
    if str(row.get("verdict")) != "passed":
        return ("",)
    rest = str(row.get("check", "")).partition(" ")[2]
    return rest, str(row.get("measured") or ""), str(row.get("expected") or "")
