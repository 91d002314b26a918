"""Who runs what, from which state of our files, with which versions: the first lines of every journal."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

from runbook_lib.environment import project

_NAMED = ("runbook-lib", "papermill", "nbclient", "ipykernel", "paramiko", "docker")


def provenance() -> dict[str, Any]:
    """`operator`, `host`, `git` and `versions`, as the `run_started` event holds them."""
    from runbook_lib.connections.local import checkout, current_operator

    person = current_operator()
    ours = checkout(project.root())
    git = {"commit": ours.commit or "not known", "clean": ours.clean}
    return {"operator": person.name, "host": person.host, "git": git, "versions": versions()}


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a run's behaviour hangs on."""
    known = {"python": platform.python_version()}
    for name in _NAMED:
        try:
            known[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            known[name] = "not installed as a package"
    return known
