"""Where the project lies: its root, its parameters and its archive."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def root() -> Path:
    """The project's folder: RUNBOOK_HOME, else the nearest folder upwards with parameters/environments, else ours."""
    named = os.environ.get("RUNBOOK_HOME")
    if named:
        return Path(named).expanduser().absolute()
    # a notebook runs in its own folder, a command anywhere below the project
    with contextlib.suppress(FileNotFoundError):  # the working folder may have been removed
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / "parameters" / "environments").is_dir():
                return folder
    return Path(__file__).absolute().parents[2]


def environment_names() -> list[str]:
    """The names of the environment files in parameters/environments, sorted."""
    return sorted(file.stem for file in (root() / "parameters" / "environments").glob("*.yaml"))


def instance_files() -> list[str]:
    """The environment files of the lab's further instances, as paths from the project's folder, sorted."""
    return sorted(str(file.relative_to(root())) for file in root().glob(".lab/*/environment.yaml"))


def outputs() -> Path:
    """The folder of the archive: RUNBOOK_OUTPUTS, else `outputs` in the project's folder."""
    named = os.environ.get("RUNBOOK_OUTPUTS")
    return Path(named).expanduser().absolute() if named else root() / "outputs"
