"""When Docker asks a new container for its health the first time: what every wait for it lasts at least. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|us|µs|ns|m|s)")
# Docker's own where the file names none. Source: Dockerfile reference, HEALTHCHECK
INTERVAL_S, START_INTERVAL_S = 30.0, 5.0


@dataclass(frozen=True)
class FirstAnswer:
    """Seconds from a container's start to the first answer of its health check.

    `older_s` is that of an engine before 25, which knows no `start_interval`.
    """

    seconds: float
    older_s: float

    def __str__(self) -> str:
        older = "" if self.older_s == self.seconds else f" ({self.older_s:g} s before Docker 25)"
        return f"{self.seconds:g} s{older}"


def first_answer(service: Mapping[str, Any]) -> FirstAnswer | None:
    """Of a service as Compose resolves it; None without a health check there, or with times of an unknown form.

    Within `start_period` an engine from 25 on asks every `start_interval`, and without such a period every `interval`,
    as older ones always do. Source: moby, daemon/health.go.
    """
    check = service.get("healthcheck") or {}
    # NONE takes away the check that the image has, as `disable` does; Compose hands both on as they are written
    if not check.get("test") or check.get("disable") or check["test"] in ("NONE", ["NONE"]):
        return None
    # nothing and zero are Docker's own figure
    interval = seconds_in(check.get("interval"), INTERVAL_S)
    quick = seconds_in(check.get("start_interval"), START_INTERVAL_S)
    period = seconds_in(check.get("start_period"), 0.0)
    if interval is None or quick is None or period is None:
        return None
    if check.get("start_interval"):  # an older engine refuses it
        return FirstAnswer(quick, quick) if period else FirstAnswer(interval, interval)
    return FirstAnswer(quick if period else interval, interval)


def seconds_in(text: object, without: float) -> float | None:
    """A time as Compose writes it (`1m30s`); `without` where there is none or zero, None where the form is unknown."""
    words = str(text or "")
    parts = _PART.findall(words)
    if "".join(number + unit for number, unit in parts) != words:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts) or without
