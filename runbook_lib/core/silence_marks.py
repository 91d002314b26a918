"""By what a silence of the runbooks is known: who made it, and in which run. Written by one run, read by others."""

from __future__ import annotations

_RUN = ", run "


def mark_of(environment_name: str) -> str:
    """What Alertmanager shows as the creator of each silence of an environment's runs."""
    return f"runbooks of {environment_name}"


def run_of(comment: str) -> str:
    """The id of the run that made a silence, from its comment; empty where it names none."""
    return comment.rpartition(_RUN)[2] if _RUN in comment else ""
