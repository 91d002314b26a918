"""Limits of a service as environment files write them: processors, and memory in whole megabytes."""

from __future__ import annotations

import math
import re

MEGABYTE = 1024 * 1024


def cpus_of(value: object) -> float | None:
    """Processors from Compose's text or number; None where there is no limit."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def memory_text(value: object) -> str | None:
    """A memory limit as environment files write it; None where there is none, or it has no whole megabytes."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKmMgG]?)(?:i?[bB])?\s*", str(value)) if value else None
    if found is None:
        return None
    size = float(found[1]) * {"": 1, "k": 1024, "m": MEGABYTE, "g": 1024 * MEGABYTE}[found[2].lower()]
    megabytes = int(size // MEGABYTE)
    if megabytes < 1 or size % MEGABYTE:
        return None
    return f"{megabytes // 1024}GB" if megabytes % 1024 == 0 else f"{megabytes}MB"
