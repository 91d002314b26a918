"""The files of staging/, as text."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
STAGING = ROOT / "staging"
COLOUR = re.compile(r"-(blue|green)$")


def text(path: str) -> str:
    return (STAGING / path).read_text(encoding="utf-8")


def variables_in(content: str) -> dict[str, str]:
    pairs = (line.split("=", 1) for line in content.splitlines() if line.strip() and not line.startswith("#"))
    return {name: value.strip('"') for name, value in pairs}


def plain(service: str) -> str:
    """The plan's name of a Compose service: backend-blue is the backend."""
    return COLOUR.sub("", service)
