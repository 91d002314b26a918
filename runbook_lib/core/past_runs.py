"""An earlier run as a notebook compares itself with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class PastRun:
    """A finished run: when it began (UTC), its verdict, and the text of one evidence file; empty: not asked."""

    run_id: str
    at: datetime
    verdict: str
    evidence: str = ""
