"""Who runs what, from which state of our files, with which versions: the first lines of every journal."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

_NAMED = ("runbook-lib", "papermill", "nbclient", "ipykernel", "paramiko", "docker")


def provenance() -> dict[str, Any]:
    """`who`, `host`, `git` and `versions`, as the `run_started` event holds them."""
    from runbook_lib.connections.local import who_and_where

    place = who_and_where()
    found = place if isinstance(place, dict) else {
        name: getattr(place, name, None) for name in ("who", "user", "host", "git")
    }
    return {
        "who": os.environ.get("RUNBOOK_WHO") or found.get("who") or found.get("user") or "unknown",
        "host": found.get("host") or platform.node(),
        "git": found.get("git"),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a run's behaviour hangs on."""
    known = {"python": platform.python_version()}
    for name in _NAMED:
        try:
            known[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            known[name] = "not installed as a package"
    return known
